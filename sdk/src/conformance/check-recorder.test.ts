import { expect, test } from "vitest";
import { checkRecorder } from "./check-recorder.ts";
import { RecorderUnreachable } from "./reach-recorder.ts";

const nobody = {
  url: "http://127.0.0.1:1",
  gatewayKey: "a-gateway-key-of-32-characters-ab",
  protocol: "grpc",
} as const;

test("a requirement that there is not is no reason to check nothing", async () => {
  await expect(checkRecorder({ ...nobody, only: ["REC-00"] })).rejects.toThrow(
    new RangeError("there is no requirement REC-00"),
  );
});

test.each(["grpc", "connect"] as const)(
  "a recorder that is away is told from one with faults, over %s",
  async (protocol) => {
    const check = checkRecorder({ ...nobody, protocol });
    await expect(check).rejects.toThrow(RecorderUnreachable);
    await expect(check).rejects.toThrow("http://127.0.0.1:1 cannot be reached: connect ECONNREFUSED");
  },
);
