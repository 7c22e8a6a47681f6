// @ts-check
/** JSON whatever the scripts of a page have added to all objects: old libraries have a toJSON in Array.prototype. */

/** The JSON of plain objects, arrays and what is in them; fields that are undefined are left out.
 * @param {unknown} value @returns {string}
 */
export function json(value) {
  if (Array.isArray(value)) {
    return `[${value.map(json).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, each]) => each !== undefined);
    return `{${fields.map(([name, each]) => `${json(name)}:${json(each)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
