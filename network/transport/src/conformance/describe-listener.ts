import { describe, expect, it } from "vitest"
import type { Connection } from "../connection.ts"
import { firstDifference, patternBytes, readAll, readSome } from "./bytes.ts"
import type { ListenerFixture } from "./connection-pair.ts"

/** Sends everything back until the peer finishes. */
async function echo(connection: Connection): Promise<void> {
  for await (const chunk of connection.incoming) await connection.write(chunk.slice())
  await connection.finish()
}

async function echoAll(fixture: ListenerFixture): Promise<void> {
  const echoes: Promise<void>[] = []
  for await (const connection of fixture.listener.connections) echoes.push(echo(connection).catch(() => {}))
  await Promise.all(echoes)
}

/** Checks what `Listener` and `Dial` promise. Call it at the top level of a test file. */
export function describeListener(name: string, listen: () => Promise<ListenerFixture>): void {
  describe(`${name} listener`, () => {
    it("keeps twenty connections apart", async () => {
      await using fixture = await listen()
      const serving = echoAll(fixture)
      const echoed = Array.from({ length: 20 }, async (_, i) => {
        await using connection = await fixture.dial()
        const reading = readAll(connection)
        await connection.write(patternBytes(20_000, i))
        await connection.finish()
        return firstDifference(await reading, patternBytes(20_000, i))
      })
      expect(await Promise.all(echoed)).toEqual(Array.from({ length: 20 }, () => undefined))
      await fixture.listener.close()
      await serving
    })

    it("does not begin to dial when the signal is aborted already", async () => {
      await using fixture = await listen()
      const aborted = fixture.dial({ signal: AbortSignal.abort() })
      await expect(aborted).rejects.toMatchObject({ name: "TransportError", code: "aborted", retryable: false })
    })

    it("lets established connections live when it closes, and accepts no more", async () => {
      await using fixture = await listen()
      const serving = echoAll(fixture)
      await using connection = await fixture.dial()
      const reader = connection.incoming[Symbol.asyncIterator]()
      await connection.write(Uint8Array.of(1))
      await readSome(reader, 1)
      await Promise.all([fixture.listener.close(), fixture.listener.close()])
      await expect(fixture.dial()).rejects.toMatchObject({ name: "TransportError", code: "unreachable" })
      await connection.write(Uint8Array.of(2))
      expect(await readSome(reader, 1)).toEqual(Buffer.of(2))
      await connection.finish()
      await serving
    })
  })
}
