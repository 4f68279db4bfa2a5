/** The wire contract: every generated message, enum and service of package `aibridge.v1`. */
export * from "../gen/aibridge/v1/actor_pb.ts";
export * from "../gen/aibridge/v1/admin_pb.ts";
export * from "../gen/aibridge/v1/config_pb.ts";
export * from "../gen/aibridge/v1/recorder_pb.ts";
export * from "../gen/aibridge/v1/tool_policy_pb.ts";
export * from "../gen/aibridge/v1/usage_pb.ts";
