import { expect, test } from "vitest";
import { prepareRequest, requestBody } from "./requests.ts";
import { cpuWorkloads, memoryWorkloads, providerPath, workloadNamed } from "./workloads.ts";

const workloads = [...cpuWorkloads, ...memoryWorkloads];

test.each(workloads)("the body of $name has its size and asks for a stream as it should", (workload) => {
  const body = requestBody(workload);
  expect(body.length).toBe(workload.requestBytes);
  expect(JSON.parse(body.toString())).toMatchObject({ stream: workload.delivery !== "whole" });
});

test("a chat stream asks for usage itself, so that the gateway has nothing to edit", () => {
  const body = JSON.parse(requestBody(workloadNamed("chat stream 1KB")).toString());
  expect(body.stream_options).toEqual({ include_usage: true });
});

test("a prepared request says how long its body is", () => {
  const workload = workloadNamed("responses paced 1KB");
  const request = prepareRequest(workload, providerPath(workload), 8080, "secret").toString();
  const [head = "", body = ""] = request.split("\r\n\r\n");
  expect(head).toMatch(/^POST \/paced\/v1\/responses HTTP\/1\.1\r\nhost: 127\.0\.0\.1:8080\r\n/);
  expect(head).toContain("\r\nauthorization: Bearer secret\r\n");
  expect(head).toContain(`\r\ncontent-length: ${body.length}`);
});

test("an unknown workload is an error", () => {
  expect(() => workloadNamed("messages sideways")).toThrow('no workload is called "messages sideways"');
});
