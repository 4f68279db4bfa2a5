import { API_VERSION, API_VERSION_HEADER, channelInterceptor } from "@aibridge/proto/channel";
import { ServingStatus } from "@aibridge/proto/server";
import { Code, type Interceptor } from "@connectrpc/connect";
import type { Requirement } from "../requirement.ts";
import { interception } from "../sample-records.ts";
import { errorStatus, expectStatus, OK, type Status } from "../status.ts";
import type { Trial } from "../trial.ts";
import { Unmet } from "../unmet.ts";

const REFUSED = [Code.Unauthenticated, Code.PermissionDenied] as const;

/** A version no recorder of this major speaks. */
const FOREIGN_VERSION = "99.0";

/** Who may call, in which version, and whether the recorder says that it serves. */
export const channelRequirements: readonly Requirement[] = [
  {
    id: "REC-01",
    sentence: "grpc.health.v1.Health answers SERVING for the server as a whole, without a key.",
    needs: ["grpc"],
    async check(trial) {
      const connection = trial.connect({ sign: unsigned });
      let status: number;
      try {
        status = await connection.health(trial.settings.timeoutMs);
      } catch (error) {
        return expectStatus("Health.Check", errorStatus(error), [OK]);
      }
      if (status !== ServingStatus.SERVING) {
        throw new Unmet(`SERVING (${ServingStatus.SERVING})`, `serving status ${status}`);
      }
    },
  },
  {
    id: "REC-02",
    sentence: "A call or stream without a key is refused with UNAUTHENTICATED or PERMISSION_DENIED.",
    needs: [],
    check: (trial) => expectRefusals(trial, "no key", unsigned),
  },
  {
    id: "REC-03",
    sentence: "A call or stream with a wrong key is refused with UNAUTHENTICATED or PERMISSION_DENIED.",
    needs: [],
    async check(trial) {
      const { gatewayKey } = trial.settings.address;
      await expectRefusals(
        trial,
        "a wrong key",
        channelInterceptor("no-key-of-any-gateway-0123456789abcdef"),
      );
      const half = channelInterceptor(gatewayKey.slice(0, gatewayKey.length / 2));
      await expectRefusals(trial, "half of the key", half);
    },
  },
  {
    id: "REC-04",
    sentence:
      "A call or stream of another major API version is refused with FAILED_PRECONDITION, naming both versions.",
    needs: [],
    async check(trial) {
      const sign = inVersion(channelInterceptor(trial.settings.address.gatewayKey), FOREIGN_VERSION);
      for (const { what, status } of await attempts(trial, sign)) {
        const call = `${what} in version ${FOREIGN_VERSION}`;
        expectStatus(call, status, [Code.FailedPrecondition]);
        const [major] = API_VERSION.split(".");
        if (
          !status.message.includes(FOREIGN_VERSION) ||
          !new RegExp(`\\b${major}\\.\\d`).test(status.message)
        ) {
          throw new Unmet(`a message that names both versions for ${call}`, `"${status.message}"`);
        }
      }
    },
  },
];

const unsigned: Interceptor = (next) => (request) => {
  request.header.set(API_VERSION_HEADER, API_VERSION);
  return next(request);
};

function inVersion(sign: Interceptor, version: string): Interceptor {
  return (next) =>
    sign((request) => {
      request.header.set(API_VERSION_HEADER, version);
      return next(request);
    });
}

async function expectRefusals(trial: Trial, why: string, sign: Interceptor): Promise<void> {
  for (const { what, status } of await attempts(trial, sign)) {
    expectStatus(`${what} with ${why}`, status, REFUSED);
  }
}

/** How a unary call and, where there are streams, a stream end that carry these headers. */
async function attempts(trial: Trial, sign: Interceptor): Promise<{ what: string; status: Status }[]> {
  const connection = trial.connect({ sign });
  const unary = { what: "RecordInterception", status: await trial.call(interception(), connection) };
  if (!trial.settings.streams) {
    return [unary];
  }
  const stream = trial.openStream(connection);
  stream.send([interception()]);
  const status = await stream.end();
  if (status === undefined) {
    throw new Unmet(
      "StreamRecords to be refused",
      `the stream stays open, ${stream.acknowledged} acknowledged`,
    );
  }
  return [unary, { what: "StreamRecords", status }];
}
