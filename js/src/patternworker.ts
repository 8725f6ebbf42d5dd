// The worker as a file of its own, for a page whose policy allows none that is made of text.

import { search } from "./patternprogram";

search();
