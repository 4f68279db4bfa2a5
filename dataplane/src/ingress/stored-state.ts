import { GatewayError } from "../errors/gateway-error.ts";
import type { Admitted } from "./admitted.ts";

/** With a central key the stored answer of a background request could be read by others who use that key. */
export function checkStoredState({ request, credential, route }: Admitted): void {
  if (!request.facts.storedState || credential.byok || route.provider.allowStoredState) return;
  throw storedStateRefused();
}

export function storedStateRefused(): GatewayError {
  return new GatewayError(
    "stored_state_not_allowed",
    "With a shared key, answers stored at the provider could be read by others. Bring your own key (X-AIBridge-Token plus your provider's credential), leave out background, or ask for allow_stored_state.",
  );
}
