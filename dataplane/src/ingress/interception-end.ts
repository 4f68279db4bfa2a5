import { errorCode } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { ExchangeEnd } from "../loop/exchange.ts";
import { RecordingRefused } from "../record/recorder.ts";
import { concealed, secretsOf } from "../upstream/conceal.ts";
import type { UpstreamCredential } from "../upstream/credential.ts";
import type { Admitted, Journal } from "./admitted.ts";
import type { ClientAnswer } from "./client-answer.ts";
import type { RequestContext } from "./request-context.ts";
import type { Stage } from "./stage.ts";

/** A request that was begun but never sent: it ends REJECTED if its start may be in the store. */
export function endUnserved(
  error: unknown,
  answer: ClientAnswer,
  { recording, trace }: Journal,
  admitted: Admitted,
): void {
  const { code, status, message } =
    error instanceof GatewayError ? error : { code: "internal_error", status: 500, message: "" };
  const outcome = error instanceof GatewayError ? "rejected" : "failed";
  const shownStatus = answer.gone ? 0 : status;
  trace?.end({ outcome, status: shownStatus, errorType: code });
  if (error instanceof RecordingRefused && !error.mayBeStored) return;
  recording.end({
    outcome,
    httpStatus: shownStatus,
    errorType: code,
    errorMessage: message,
    timeToFirstByteMs: undefined,
    credentialHint: admitted.credential.hint,
    upstreamTurns: 0,
  });
}

/** Records how a request that was sent ended. */
export function recordEnd(
  { recording, trace }: Journal,
  end: ExchangeEnd,
  answer: ClientAnswer,
  credential: UpstreamCredential,
): void {
  trace?.end({ outcome: end.outcome, status: answer.status, errorType: errorTypeOf(end) });
  recording.end({
    outcome: end.outcome,
    httpStatus: answer.status,
    errorType: errorTypeOf(end) ?? "",
    errorMessage: concealed(
      end.failure?.message ?? end.upstreamError?.message ?? "",
      secretsOf(credential.headers),
    ),
    timeToFirstByteMs: answer.firstByteMs,
    credentialHint: credential.hint,
    upstreamTurns: end.answers,
  });
}

function errorTypeOf({ failure, upstreamError }: ExchangeEnd): string | undefined {
  return failure?.code ?? upstreamError?.type;
}

/** One line for each interception, without content and without the actor's credentials. */
export function logEnd(
  { log }: Stage,
  context: RequestContext,
  { route, caller, request }: Admitted,
  interceptionId: string,
  end: ExchangeEnd,
  answer: ClientAnswer,
): void {
  const { name } = route.provider;
  log.info(
    {
      interceptionId,
      actor: caller.actor.id,
      provider: name,
      route: route.template,
      model: request.facts.model.slice(0, 256),
      client: context.client,
      outcome: end.outcome,
      status: answer.status,
      error: end.failure?.code,
      reason: end.failure?.cause && errorCode(end.failure.cause),
      firstByteMs: answer.firstByteMs === undefined ? undefined : Math.round(answer.firstByteMs),
      durationMs: Math.round(performance.now() - context.acceptedAt),
    },
    "interception",
  );
}
