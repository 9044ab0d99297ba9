import type { Connection, Dial } from "@qpc/transport"
import type { Tracer } from "./tracer.ts"

/** A dial whose connections tell the tracer what crosses them. */
export function tracedDial(dial: Dial, tracer: Tracer): Dial {
  return tracer.isOn ? async (options) => traced(await dial(options), tracer) : dial
}

function traced(connection: Connection, tracer: Tracer): Connection {
  const id = connection.kind
  const line = (direction: "down" | "up", bytes: number): void =>
    tracer.line({ layer: "transport", direction, bytesIn: bytes, bytesOut: bytes, id })
  return {
    kind: connection.kind,
    peerAddress: connection.peerAddress,
    incoming: tracedChunks(connection.incoming, line),
    write: (bytes) => {
      line("down", bytes.length)
      return connection.write(bytes)
    },
    finish: () => connection.finish(),
    close: (reason) => connection.close(reason),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

async function* tracedChunks(
  chunks: AsyncIterable<Uint8Array>,
  line: (direction: "up", bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    line("up", chunk.length)
    yield chunk
  }
}
