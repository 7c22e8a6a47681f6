// @ts-check
/** The style of the page, from its file where the page may not have it in itself: a proxy has added a policy. */

const own = document.getElementById("style");
// An element whose style was refused has no sheet.
if (own instanceof HTMLStyleElement && !own.sheet) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = own.dataset["href"] ?? "";
  document.head.append(link);
}
