import { defineConfig } from "vite";

// A port of its own, which the server must list: STREAM_VERIFIER_ALLOWED_ORIGINS.
export default defineConfig({
  esbuild: { jsx: "automatic" },
  server: { host: "127.0.0.1", port: 5173, strictPort: true },
  preview: { host: "127.0.0.1", port: 5173, strictPort: true },
});
