import { createFileRegistry, type DescService, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

const PACKAGE = "grpc.reflection.v1";

/** A field of a message in this package: its type is a scalar ("STRING") or the name of one of its messages. */
function field(name: string, number: number, type: string, oneof?: number): JsonObject {
  const scalar = type === type.toUpperCase();
  return {
    name,
    // A compiler adds this; without it, JSON has members without a name.
    jsonName: name.replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase()),
    number,
    label: "LABEL_OPTIONAL",
    type: scalar ? `TYPE_${type}` : "TYPE_MESSAGE",
    ...(!scalar && { typeName: `.${PACKAGE}.${type}` }),
    ...(oneof !== undefined && { oneofIndex: oneof }),
  };
}

function repeated(name: string, number: number, type: string): JsonObject {
  return { ...field(name, number, type), label: "LABEL_REPEATED" };
}

/** grpc/reflection/v1/reflection.proto of gRPC server reflection, as a descriptor: there is no package for it. */
const file = fromJson(FileDescriptorProtoSchema, {
  name: "grpc/reflection/v1/reflection.proto",
  package: PACKAGE,
  syntax: "proto3",
  messageType: [
    {
      name: "ServerReflectionRequest",
      oneofDecl: [{ name: "message_request" }],
      field: [
        field("host", 1, "STRING"),
        field("file_by_filename", 3, "STRING", 0),
        field("file_containing_symbol", 4, "STRING", 0),
        field("file_containing_extension", 5, "ExtensionRequest", 0),
        field("all_extension_numbers_of_type", 6, "STRING", 0),
        field("list_services", 7, "STRING", 0),
      ],
    },
    {
      name: "ExtensionRequest",
      field: [field("containing_type", 1, "STRING"), field("extension_number", 2, "INT32")],
    },
    {
      name: "ServerReflectionResponse",
      oneofDecl: [{ name: "message_response" }],
      field: [
        field("valid_host", 1, "STRING"),
        field("original_request", 2, "ServerReflectionRequest"),
        field("file_descriptor_response", 4, "FileDescriptorResponse", 0),
        field("all_extension_numbers_response", 5, "ExtensionNumberResponse", 0),
        field("list_services_response", 6, "ListServiceResponse", 0),
        field("error_response", 7, "ErrorResponse", 0),
      ],
    },
    { name: "FileDescriptorResponse", field: [repeated("file_descriptor_proto", 1, "BYTES")] },
    {
      name: "ExtensionNumberResponse",
      field: [field("base_type_name", 1, "STRING"), repeated("extension_number", 2, "INT32")],
    },
    { name: "ListServiceResponse", field: [repeated("service", 1, "ServiceResponse")] },
    { name: "ServiceResponse", field: [field("name", 1, "STRING")] },
    { name: "ErrorResponse", field: [field("error_code", 1, "INT32"), field("error_message", 2, "STRING")] },
  ],
  service: [
    {
      name: "ServerReflection",
      method: [
        {
          name: "ServerReflectionInfo",
          inputType: `.${PACKAGE}.ServerReflectionRequest`,
          outputType: `.${PACKAGE}.ServerReflectionResponse`,
          clientStreaming: true,
          serverStreaming: true,
        },
      ],
    },
  ],
});

/** Service grpc.reflection.v1.ServerReflection. */
export const ServerReflection: DescService = serviceOf(`${PACKAGE}.ServerReflection`);

function serviceOf(name: string): DescService {
  const service = createFileRegistry(file, () => undefined).getService(name);
  if (service === undefined) {
    throw new TypeError(`the descriptor has no service ${name}`);
  }
  return service;
}
