import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CallPage } from "./CallPage";

const SERVER = import.meta.env.VITE_VERIFIER ?? "http://127.0.0.1:8080";

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <CallPage server={SERVER} />
  </StrictMode>,
);
