import { bareProtocol } from "@qpc/transport"
import type { PausablePipe, PipeSink, StreamProtocol } from "@qpc/transport"

/**
 * A bare protocol whose ends greet each other with one byte, for suites where the end that listens may speak first: a
 * QUIC stream does not exist over there until the end that opened it has sent something.
 *
 * @param idleTimeoutMs - for a dead network to be noticed
 */
export function prefacedProtocol(idleTimeoutMs: number): StreamProtocol {
  const bare = bareProtocol({ name: "prefaced", idleTimeoutMs, maxUnreadBytes: 2_000_000 })
  return { ...bare, greets: true, connect: (pipe, options) => bare.connect(prefaced(pipe), options) }
}

function prefaced(pipe: PausablePipe): PausablePipe {
  return {
    open: (sink) => {
      pipe.open(withoutFirstByte(sink))
      pipe.write(Uint8Array.of(0))
    },
    write: (bytes) => pipe.write(bytes),
    end: () => pipe.end(),
    destroy: async (reason) => await pipe.destroy(reason),
    pause: () => pipe.pause(),
    resume: () => pipe.resume(),
  }
}

function withoutFirstByte(sink: PipeSink): PipeSink {
  let skip = 1
  return {
    received: (bytes) => {
      const rest = bytes.subarray(skip)
      skip = 0
      if (rest.length > 0) sink.received(rest)
    },
    drained: () => sink.drained(),
    ended: () => sink.ended(),
    broken: (cause) => sink.broken(cause),
  }
}
