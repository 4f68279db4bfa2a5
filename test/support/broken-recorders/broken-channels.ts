import { readBearer } from "@aibridge/proto/channel";
import { ServingStatus } from "@aibridge/proto/server";
import { Code, ConnectError } from "@connectrpc/connect";
import type { BrokenHost } from "./broken-host.ts";
import { FaithfulHost } from "./faithful-host.ts";

/** Faults in who may call, and in what is said about the service. */
export const brokenChannels: readonly BrokenHost[] = [
  {
    fault: "it has no health service",
    breaks: ["REC-01"],
    make: () =>
      new (class extends FaithfulHost {
        override health = undefined;
      })(),
  },
  {
    fault: "its health service says NOT_SERVING",
    breaks: ["REC-01"],
    make: () =>
      new (class extends FaithfulHost {
        override health = ServingStatus.NOT_SERVING;
      })(),
  },
  {
    fault: "it is open to everybody",
    breaks: ["REC-02", "REC-03"],
    make: () =>
      new (class extends FaithfulHost {
        override checkKey(): void {}
      })(),
  },
  {
    fault: "any key opens it",
    breaks: ["REC-03"],
    make: () =>
      new (class extends FaithfulHost {
        override checkKey(headers: Headers): void {
          if (readBearer(headers.get("authorization")) === undefined) super.checkKey(headers);
        }
      })(),
  },
  {
    fault: "it does not look at the API version",
    breaks: ["REC-04"],
    make: () =>
      new (class extends FaithfulHost {
        override checkVersion(): void {}
      })(),
  },
  {
    fault: "it refuses a version without saying its own",
    breaks: ["REC-04"],
    make: () =>
      new (class extends FaithfulHost {
        override checkVersion(headers: Headers): void {
          try {
            super.checkVersion(headers);
          } catch {
            throw new ConnectError("99.0 is not supported", Code.FailedPrecondition);
          }
        }
      })(),
  },
];
