import { events, methods } from "@qpc/rpc"
import { clientFrames, decodeRpcMessage, encodeRpcMessage, serverFrames } from "@qpc/rpc/testing"
import type { FrameCodec } from "@qpc/rpc/testing"
import { concatBytes, DecodeError, equalBytes } from "@qpc/wire"
import { BrokenLaw, decoderTarget } from "./target.ts"
import type { FuzzTarget } from "./target.ts"

/** Frames in both directions, and the messages that they carry. */
export function rpcTargets(): FuzzTarget[] {
  return [
    framesTarget("RPC: frames of a client", clientFrames),
    framesTarget("RPC: frames of a server", serverFrames),
    messageTarget(),
  ]
}

function framesTarget(name: string, { samples, rewrite }: FrameCodec): FuzzTarget {
  return decoderTarget(name, [...samples, concatBytes(...samples)], (bytes) => {
    const rewritten = rewrite(bytes)
    if (rewritten === undefined) throw new DecodeError("bad_value", 0)
    return rewritten
  })
}

/** The first byte of an input says which message the rest is. Protobuf has many encodings of one value, ours has one. */
function messageTarget(): FuzzTarget {
  const schemas = [
    ...Object.values(methods).flatMap(({ request, response }) => [request, response]),
    ...Object.values(events).map(({ message }) => message),
  ]
  const { enqueue, batchEnqueue } = methods
  const key = new Uint8Array(32)
  const delivery = { recipientKeys: [key, key], payload: new Uint8Array(40) }
  const [one, many] = [enqueue.request, batchEnqueue.request]
  const filled = [
    sampleOf(schemas.indexOf(one), encodeRpcMessage(one, { payload: key, messageId: new Uint8Array(16), ttlSecs: 7 })),
    sampleOf(schemas.indexOf(many), encodeRpcMessage(many, { deliveries: [delivery, delivery] })),
  ]
  return {
    name: "RPC: messages",
    samples: [...filled, ...schemas.map((schema, at) => sampleOf(at, encodeRpcMessage(schema, {})))],
    run(input) {
      const schema = schemas[(input[0] ?? 0) % schemas.length]
      if (schema === undefined) throw new Error("unreachable: no schema")
      const message = decodeRpcMessage(schema, input.subarray(1))
      if (message === undefined) return false
      const written = encodeRpcMessage(schema, message)
      const again = decodeRpcMessage(schema, written)
      if (again === undefined) throw new BrokenLaw("our encoding of what was accepted is refused")
      if (!equalBytes(encodeRpcMessage(schema, again), written))
        throw new BrokenLaw("our encoding reads as another value")
      return true
    },
  }
}

function sampleOf(schemaIndex: number, encoded: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(schemaIndex), encoded)
}
