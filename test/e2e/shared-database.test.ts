import { join } from "node:path";
import { expect, test } from "vitest";
import { killUnderLoad } from "../faults/database-restart.ts";
import { measureRevocations, REVOCATION_LIMIT_MS } from "../faults/revocations.ts";
import { AibridgeProcess } from "../support/aibridge-process.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { send } from "../support/requests.ts";
import { databaseKinds, useGateway } from "../support/use-gateway.ts";
import { useTwin } from "../support/use-twin.ts";

test("a token revoked on one control plane is refused by the other's data plane within a second", async () => {
  await using gateway = await useGateway({ database: "mariadb" });
  await using twin = await useTwin(gateway);
  const measured = await measureRevocations(gateway, twin, 5);
  expect(measured.filter((millis) => millis >= REVOCATION_LIMIT_MS)).toEqual([]);

  // What one data plane records is read through either control plane.
  const both = [gateway, { ...gateway, url: twin.url }];
  for (const plane of both) expect((await send(plane, "messages", false)).status).toBe(200);
  await eventually(async () => {
    const { stdout } = await twin.run("interceptions", "list", "--json");
    const gateways = JSON.parse(stdout).interceptions.map(
      ({ interception }: { interception: { gatewayId: string } }) => interception.gatewayId,
    );
    return (gateways.includes("gw-test") && gateways.includes("gw-twin")) || undefined;
  });
});

test("MariaDB and the control plane killed under load: no record of an answered request is missing", async () => {
  await using gateway = await useGateway({ database: "mariadb" });
  const { answered, problems } = await killUnderLoad(gateway, 4, 20_261_122);
  expect(problems).toEqual([]);
  expect(answered).toBeGreaterThan(4);
}, 120_000);

test.each(databaseKinds)(
  "two control planes that start at once on an empty %s both get ready",
  async (kind) => {
    await using gateway = await useGateway({ database: kind, controlPlaneAway: true });
    const adminPort = await freePort();
    await using second = new AibridgeProcess(
      [
        ...["controlplane", "--listen", `127.0.0.1:${await freePort()}`],
        ...["--admin-listen", `127.0.0.1:${adminPort}`, "--database", gateway.database],
        ...["--config", join(gateway.folder, "aibridge.yaml")],
      ],
      { AIBRIDGE_GATEWAY_KEY: gateway.gatewayKey, AIBRIDGE_ADMIN_KEY: gateway.adminKey },
      gateway.folder,
    );
    second.start();
    await Promise.all([gateway.startControlPlane(), second.ready(`http://127.0.0.1:${adminPort}`)]);
  },
);
