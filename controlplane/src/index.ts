/** The control plane for embedding: {@link startControlPlane} runs one inside another process. */
export type { BootstrapKey, BootstrapKeys } from "./config/bootstrap-keys.ts";
export type { ControlPlaneOptions } from "./config/options.ts";
export { StartError } from "./config/start-error.ts";
export { type ControlPlane, startControlPlane } from "./control-plane.ts";
