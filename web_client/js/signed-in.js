/** Where the identity provider sends back who has signed in: tells the page that asked, and closes. */

import { byId, setText } from "./dom.js";
import { CHANNEL } from "./sign-in.js";

const said = new URLSearchParams(location.search);
history.replaceState(null, "", location.pathname);
new BroadcastChannel(CHANNEL).postMessage({
  state: said.get("state"),
  code: said.get("code"),
  iss: said.get("iss"),
  error: said.get("error"),
  description: said.get("error_description"),
});
close();
setText(byId("done"), "You may close this window and go back to the page that you came from.");
