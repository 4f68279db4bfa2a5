import { GatewayError } from "../errors/gateway-error.ts";
import { JsonObject } from "../json/json-object.ts";
import { JsonSyntaxError } from "../json/json-syntax-error.ts";

/** Reads a request body as one JSON object. @throws GatewayError `invalid_json` */
export function readBody(bytes: Buffer): JsonObject {
  try {
    return JsonObject.parse(bytes);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const message = `The request body must be one JSON object in UTF-8: ${error.message}.`;
    throw new GatewayError("invalid_json", message, { cause: error });
  }
}

/** The member `model`, which every API needs. @throws GatewayError `model_required` */
export function readModel(body: JsonObject): string {
  const model = body.string("model");
  if (model === undefined || model === "")
    throw new GatewayError(
      "model_required",
      "The request body must name a model: a non-empty string in its member `model`.",
    );
  return model;
}
