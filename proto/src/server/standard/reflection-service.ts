import { createRegistry, type DescFile, type DescService, type Registry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import type { ServerReflection } from "./reflection-descriptor.ts";

interface ReflectionRequest {
  readonly host: string;
  readonly messageRequest:
    | {
        case: "fileByFilename" | "fileContainingSymbol" | "listServices" | "allExtensionNumbersOfType";
        value: string;
      }
    | { case: "fileContainingExtension"; value: unknown }
    | { case: undefined };
}

/** grpc.reflection.v1.ServerReflection: lets grpcurl and the like find out what is served. */
export function reflectionService(services: readonly DescService[]): ServiceImpl<typeof ServerReflection> {
  const answer = new Answers(services);
  return {
    async *serverReflectionInfo(requests: AsyncIterable<ReflectionRequest>) {
      for await (const request of requests) {
        const messageResponse = answer.to(request.messageRequest);
        yield { validHost: request.host, originalRequest: request, messageResponse };
      }
    },
  } as unknown as ServiceImpl<typeof ServerReflection>;
}

class Answers {
  readonly #names: readonly string[];
  readonly #files: ReadonlyMap<string, DescFile>;
  readonly #symbols: Registry;

  constructor(services: readonly DescService[]) {
    const roots = services.map((service) => service.file);
    this.#names = services.map((service) => service.typeName);
    this.#files = new Map(withDependencies(roots).map((file) => [file.proto.name, file]));
    this.#symbols = createRegistry(...this.#files.values());
  }

  to(request: ReflectionRequest["messageRequest"]) {
    switch (request.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: this.#names.map((name) => ({ name })) } };
      case "fileByFilename":
        return fileResponse(this.#files.get(request.value));
      case "fileContainingSymbol":
        return fileResponse(this.#fileOf(request.value));
      default:
        return errorResponse(Code.Unimplemented, "extensions are not described here");
    }
  }

  /** The file of a type, a service, or one of their members: "aibridge.v1.UsageService.ListSessions". */
  #fileOf(symbol: string): DescFile | undefined {
    const owner = symbol.slice(0, symbol.lastIndexOf("."));
    return (this.#symbols.get(symbol) ?? this.#symbols.get(owner))?.file;
  }
}

function fileResponse(file: DescFile | undefined) {
  if (file === undefined) {
    return errorResponse(Code.NotFound, "there is no such file or symbol here");
  }
  const protos = withDependencies([file]).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: protos } };
}

function errorResponse(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

/** The files and everything they import, each once. */
function withDependencies(files: readonly DescFile[]): DescFile[] {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile) => {
    if (!found.has(file.name)) {
      found.set(file.name, file);
      file.dependencies.forEach(visit);
    }
  };
  files.forEach(visit);
  return [...found.values()];
}
