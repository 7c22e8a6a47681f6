// @ts-check
/**
 * How the widget looks. A style sheet that a script makes is allowed by a strict policy, a style element is not.
 *
 * The page's own style ends at the box: whatever is inherited begins anew there. What a page may change are the custom
 * properties that begin with --mix-chat, and the parts.
 */

const CSS = `
:host { display: block; min-width: 15rem; }
:host([hidden]) { display: none; }
:host([theme="light"]) .box { color-scheme: light; }
:host([theme="dark"]) .box { color-scheme: dark; }
.box {
  all: initial;
  color-scheme: light dark;
  container-type: inline-size;
  --ink: var(--mix-chat-ink, light-dark(#18211f, #e7edeb));
  --soft: var(--mix-chat-ink-soft, light-dark(#586560, #9aa8a3));
  --surface: var(--mix-chat-background, light-dark(#ffffff, #171d1c));
  --line: var(--mix-chat-line, light-dark(#dde4e1, #2a3331));
  --accent: var(--mix-chat-accent, light-dark(#0b6b63, #57cbbb));
  --accent-ink: var(--mix-chat-accent-ink, light-dark(#ffffff, #04211d));
  --bad: var(--mix-chat-bad, light-dark(#b3261e, #ff9c92));
  display: flex;
  flex-direction: column;
  box-sizing: border-box;
  height: var(--mix-chat-height, 28rem);
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: var(--mix-chat-radius, 12px);
  background: var(--surface);
  color: var(--ink);
  font: 400 var(--mix-chat-size, 1rem) / 1.45 var(--mix-chat-font, system-ui, sans-serif);
  overflow-wrap: anywhere;
}
.box *, .box *::before { box-sizing: border-box; }
.box [hidden] { display: none !important; }
header { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center; padding: .6rem .9rem;
  border-bottom: 1px solid var(--line); }
h2 { margin: 0; font-size: 1em; font-weight: 650; }
.topic { margin: 0; flex: 1 1 8rem; color: var(--soft); font-size: .875em; }
.status { margin: 0; padding: .35rem .9rem; color: var(--soft); font-size: .875em; }
.status:empty, .problem:empty { display: none; }
.middle { position: relative; display: flex; flex: 1; min-height: 0; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: .5rem .9rem; }
ol, ul { margin: 0; padding: 0; list-style: none; }
.line { position: relative; padding: .25rem 0; }
.more { position: absolute; inset-block-start: .1rem; inset-inline-end: 0; min-height: 1.75rem; min-width: 2rem;
  padding: 0; background: var(--surface); line-height: 1; opacity: 0; }
.line:is(:hover, :focus-within) .more, .more[aria-expanded="true"] { opacity: 1; }
@media (hover: none) { .more { opacity: 1; } }
.menu { position: fixed; inset: auto; margin: 0; min-width: 9rem; padding: .3rem; border: 1px solid var(--line);
  border-radius: 10px; background: var(--surface); color: var(--ink); box-shadow: 0 8px 30px #0003; }
.menu-item { display: block; width: 100%; background: none; color: var(--ink); font-weight: 500; text-align: start; }
.menu-item:is(:hover, :focus-visible) { background: color-mix(in srgb, var(--accent) 12%, transparent); }
.menu-danger { color: var(--bad); }
.writing { position: relative; }
.editing { display: flex; flex-basis: 100%; align-items: center; justify-content: space-between; margin: 0;
  padding-inline-start: .6rem; border-inline-start: 3px solid var(--accent); color: var(--soft); font-size: .8125em; }
.offers { position: absolute; z-index: 1; inset-inline: .9rem; inset-block-end: 100%; max-height: 12rem;
  overflow-y: auto; padding: .3rem; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }
.completion { padding: .3rem .6rem; border-radius: 7px; cursor: pointer; }
.completion[aria-selected="true"] { background: color-mix(in srgb, var(--accent) 16%, transparent); }
@media (forced-colors: active) { .completion[aria-selected="true"] { outline: 2px solid Highlight; } }
.question:empty { display: none; }
.line p, .notice { margin: 0; }
.head { display: flex; flex-wrap: wrap; gap: 0 .5rem; align-items: baseline; }
.name { font-weight: 600; }
time, .state, .notice, .deleted { color: var(--soft); font-size: .8125em; }
.notice { padding: .25rem 0; }
.text { white-space: pre-wrap; }
.text blockquote { margin: .15rem 0; padding-inline-start: .7rem; border-inline-start: 3px solid var(--line);
  color: var(--soft); }
code, pre { border-radius: 6px; background: color-mix(in srgb, var(--soft) 14%, transparent);
  font: .875em/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; }
code { padding: .05em .3em; }
pre { margin: .25rem 0; padding: .45rem .65rem; overflow-x: auto; white-space: pre; }
pre code { padding: 0; background: none; font: inherit; overflow-wrap: normal; }
.leads { color: var(--soft); }
.text a, .leads { unicode-bidi: isolate; }
.mention { color: var(--accent); font-weight: 600; }
.me-mentioned { border-bottom: 2px solid; }
.line.calls { margin-inline: -.9rem; padding-inline: .9rem;
  background: color-mix(in srgb, var(--accent) 10%, transparent); box-shadow: inset 3px 0 var(--accent); }
.action .text { font-style: italic; }
.unsent .text { color: var(--soft); }
.failed .state { color: var(--bad); }
a { color: var(--accent); }
.people { width: 10rem; overflow-y: auto; padding: .6rem .9rem; border-inline-start: 1px solid var(--line); }
.people h3 { margin: 0 0 .25rem; font-size: .8125em; font-weight: 600; color: var(--soft); }
.people li { padding: .1rem 0; }
.panel { position: absolute; z-index: 1; inset: 0; overflow-y: auto; overscroll-behavior: contain; padding: .5rem .9rem;
  background: var(--surface); }
.panel-head { display: flex; align-items: center; justify-content: space-between; }
.panel h3 { margin: 0; font-size: .9375em; font-weight: 650; }
.panel .state { margin: .35rem 0; }
.panel .state:empty { display: none; }
form.search { padding: .35rem 0; border-top: 0; }
.search label { font-size: .8125em; color: var(--soft); }
.hits { margin: 0 -.5rem; }
.hits > li:not(:has(.hit)) { padding: .35rem .5rem; }
button.hit { display: block; width: 100%; padding: .4rem .5rem; background: none; color: var(--ink); font-weight: 400;
  text-align: start; }
.hit:hover { background: color-mix(in srgb, var(--accent) 10%, transparent); }
.hit .text { display: block; }
mark { border-radius: 3px; background: color-mix(in srgb, var(--accent) 28%, transparent); color: inherit; }
.sought { background: color-mix(in srgb, var(--accent) 14%, transparent); }
.newest { position: absolute; inset-block-end: .5rem; inset-inline: 0; margin-inline: auto; width: max-content; }
form { display: flex; flex-wrap: wrap; gap: .5rem; padding: .6rem .9rem; border-top: 1px solid var(--line); }
label { flex-basis: 100%; font-size: .875em; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
input, textarea { flex: 1; min-width: 0; padding: .5rem .65rem; border: 1px solid var(--soft); border-radius: 8px;
  background: var(--surface); color: inherit; font: inherit; }
::placeholder { color: var(--soft); opacity: 1; }
textarea { resize: none; field-sizing: content; max-height: 8lh; }
textarea:placeholder-shown { field-sizing: fixed; }
button { min-height: 2rem; padding: .3rem .8rem; border: 1px solid transparent; border-radius: 8px;
  background: var(--accent); color: var(--accent-ink); font: inherit; font-weight: 600; cursor: pointer; }
button.quiet { border-color: var(--line); background: transparent; color: var(--accent); font-size: .875em; }
.earlier { display: block; margin: 0 auto .5rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.log:focus-visible { outline-offset: -3px; }
.problem { margin: 0; padding: .35rem .9rem; color: var(--bad); font-size: .875em; }
.outside { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .6rem .9rem;
  border-top: 1px solid var(--line); }
.outside p { margin: 0; flex: 1; }
@container (max-width: 24rem) { .people { position: absolute; inset-block: 0; inset-inline-end: 0;
  background: var(--surface); } }
`;

/** @param {typeof globalThis} view  of the document whose elements it is for */
export function styleSheet(view) {
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
