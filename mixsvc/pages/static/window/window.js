// @ts-check
/** The operators' window. Without this script it is shown anew by its link; with it, by itself. */

import { Actions } from "./actions.js";
import { Graphs } from "./graphs.js";
import { Live } from "./live.js";

const graphs = new Graphs();
const live = new Live(() => graphs.refresh());
new Actions(() => live.askNow());
live.start();
