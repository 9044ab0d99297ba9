import { performance } from "node:perf_hooks"
import type { Connection } from "@qpc/transport"
import { expect, test } from "vitest"
import { dial } from "./dial.ts"
import { echoServer } from "./testing/server.ts"

const FRAME_BYTES = 100
const IN_FLIGHT = 32
const MEASURE_MS = 2_000

/** Frames of 100 bytes there and back with 32 in flight, one write each, for two seconds. */
async function roundTripsPerSecond(connection: Connection): Promise<number> {
  const endMs = performance.now() + MEASURE_MS
  let receivedBytes = 0
  let trips = 0
  for (let i = 0; i < IN_FLIGHT; i++) void connection.write(new Uint8Array(FRAME_BYTES))
  for await (const chunk of connection.incoming) {
    receivedBytes += chunk.length
    const whole = Math.floor(receivedBytes / FRAME_BYTES)
    receivedBytes -= whole * FRAME_BYTES
    trips += whole
    if (performance.now() > endMs) break
    for (let i = 0; i < whole; i++) void connection.write(new Uint8Array(FRAME_BYTES))
  }
  return trips / (MEASURE_MS / 1_000)
}

test("small frames over QUIC travel at a fifth of the rate over TLS or more", async () => {
  await using server = await echoServer()
  const tls = await roundTripsPerSecond(await dial({ ...server.dialOptions, transport: "tls" }))
  const quic = await roundTripsPerSecond(await dial({ ...server.dialOptions, transport: "quic" }))
  process.stdout.write(
    `round trips/s: TLS ${tls.toFixed(0)}, QUIC ${quic.toFixed(0)}, QUIC/TLS ${(quic / tls).toFixed(2)}\n`,
  )
  expect(quic / tls).toBeGreaterThan(0.2)
})
