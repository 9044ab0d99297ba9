import { existsSync } from "node:fs"
import { join } from "node:path"
import { loadPackageDefinition } from "@grpc/grpc-js"
import type { ServiceDefinition } from "@grpc/grpc-js"
import { loadSync } from "@grpc/proto-loader"
import type { Calls } from "./calls.ts"

/** Where the published vectors, scripts and the interface are, unless `VECTORS_DIR` says otherwise. */
export const vectorsDir: string =
  process.env["VECTORS_DIR"] ?? new URL("../../../../shared/vectors", import.meta.url).pathname

/** The interface of the working group's interop harness: never copied, always read from where the vectors are. */
const protoPath: string = join(vectorsDir, "mls-wg", "proto", "mls_client.proto")

/** True if the interface and the scripts are there. */
export function interopFilesExist(): boolean {
  return existsSync(protoPath)
}

/** The largest message on the wire: a tree of some thousand members and a commit to it. */
export const MESSAGE_LIMIT_BYTES: number = 64 * 1024 * 1024

/** Reads the service from the `.proto` file. Field names in camel case, 64-bit numbers as decimal strings. */
export function loadService(): ServiceDefinition {
  const definition = loadSync(protoPath, { longs: String, defaults: true, arrays: true, objects: true })
  const root = loadPackageDefinition(definition) as {
    readonly mls_client?: { readonly MLSClient?: { readonly service: ServiceDefinition } }
  }
  const service = root.mls_client?.MLSClient?.service
  if (service === undefined) throw new Error(`no service mls_client.MLSClient in ${protoPath}`)
  return service
}

/** `storePSK` on the wire is `storePsk` here, and so on: one spelling for acronyms. */
export function callNameOf(method: string): keyof Calls {
  const name = method.charAt(0).toLowerCase() + method.slice(1)
  return name.replaceAll("PSK", "Psk") as keyof Calls
}

/**
 * 64-bit fields come and go as decimal strings. Bytes are copied into plain arrays: a Buffer is a piece of a pool, and its
 * `slice` does not copy.
 */
export function withBigInts(request: unknown): unknown {
  if (request instanceof Uint8Array) return Uint8Array.from(request)
  if (Array.isArray(request)) return request.map(withBigInts)
  if (typeof request !== "object" || request === null) return request
  return Object.fromEntries(
    Object.entries(request).map(([key, value]: [string, unknown]) => [
      key,
      key === "epochId" ? BigInt(value as string) : withBigInts(value),
    ]),
  )
}

/** The other way. */
export function withStrings(response: unknown): unknown {
  if (typeof response === "bigint") return response.toString()
  if (Array.isArray(response)) return response.map(withStrings)
  if (typeof response !== "object" || response === null || response instanceof Uint8Array) return response
  return Object.fromEntries(
    Object.entries(response).map(([key, value]: [string, unknown]) => [key, withStrings(value)]),
  )
}
