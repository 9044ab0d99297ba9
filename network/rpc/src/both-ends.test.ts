import { memoryPair } from "@qpc/transport"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { connectRpc } from "./connect-rpc.ts"
import { events } from "./event.ts"
import { methods } from "./method.ts"
import type { RpcClient } from "./rpc-client.ts"
import { RpcError } from "./rpc-error.ts"
import type { Handlers, RpcServerConnection } from "./rpc-server.ts"
import { serveRpc } from "./serve-rpc.ts"
import { refuseAll, turns } from "./testing/index.ts"

type Peek = Handlers<undefined>["peek"]

function connect(peek: Peek): { client: RpcClient; served: RpcServerConnection; cut: () => void } {
  const pair = memoryPair()
  const served = serveRpc(pair.far, { handlers: { ...refuseAll(), peek }, context: undefined })
  return { client: connectRpc(pair.near), served, cut: () => pair.cut() }
}

/** Answers with what was asked, after as many turns of the event loop as `after_seq` says. */
const echoLater: Peek = async ({ limit, afterSeq }) => {
  await turns(Number(afterSeq))
  return { envelopes: [{ seq: BigInt(limit) }] }
}

/** Answers with the length of what was enqueued. */
const enqueue: Handlers<undefined>["enqueue"] = async ({ payload }) => ({ seq: BigInt(payload.length) })

describe("a client and a server", () => {
  it("pair every answer with its question under any order, with pushes in between", async () => {
    const delays = fc.array(fc.nat(6), { maxLength: 150 })
    await fc.assert(
      fc.asyncProperty(delays, async (afterSeqs) => {
        const { client, served } = connect(echoLater)
        const asked = afterSeqs.map((afterSeq, limit) =>
          client.call(methods.peek, { limit, afterSeq: BigInt(afterSeq) }),
        )
        const pushed = afterSeqs.map((n) => served.push(events.goingAway, { reconnectAfterMs: n }))
        const answers = await Promise.all(asked)
        expect(answers.map(({ envelopes }) => Number(envelopes[0]?.seq))).toEqual(afterSeqs.map((_, limit) => limit))
        await Promise.all(pushed)
        await client.close()
      }),
      { numRuns: 40 },
    )
  })

  it("end every call exactly once when the connection is cut at any moment", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(30),
        fc.array(fc.nat(6), { minLength: 1, maxLength: 100 }),
        async (cutAfter, afterSeqs) => {
          const { client, served, cut } = connect(echoLater)
          const asked = afterSeqs.map((afterSeq, limit) =>
            client.call(methods.peek, { limit, afterSeq: BigInt(afterSeq) }),
          )
          const outcomes = Promise.allSettled(asked)
          await turns(cutAfter)
          cut()
          for (const [limit, outcome] of (await outcomes).entries()) {
            if (outcome.status === "fulfilled") expect(outcome.value.envelopes[0]?.seq).toBe(BigInt(limit))
            else expect(outcome.reason).toMatchObject({ code: "unavailable", retryable: true })
          }
          await Promise.all([client.closed, served.closed])
        },
      ),
      { numRuns: 60 },
    )
  })

  it("carry a payload of the full length, and refuse a longer one before it is sent", async () => {
    const { near, far } = memoryPair()
    serveRpc(far, { handlers: { ...refuseAll(), enqueue }, context: undefined })
    const client = connectRpc(near)
    const largest = 4 * 1024 * 1024 - 5
    expect((await client.call(methods.enqueue, { payload: new Uint8Array(largest) })).seq).toBe(BigInt(largest))
    const tooLong = client.call(methods.enqueue, { payload: new Uint8Array(largest + 1) })
    await expect(tooLong).rejects.toMatchObject({ reason: "request_too_large" })
    await client.close()
  })

  it("carry cancellation to the handler", async () => {
    const isAborted = Promise.withResolvers<unknown>()
    const { client } = connect((_request, _context, { signal }) => {
      signal.addEventListener("abort", () => isAborted.resolve(signal.reason))
      return new Promise(() => {})
    })
    const controller = new AbortController()
    const call = client.call(methods.peek, {}, { signal: controller.signal })
    const rejected = expect(call).rejects.toMatchObject({ reason: "aborted" })
    await turns(3)
    controller.abort()
    await rejected
    expect(await isAborted.promise).toBeInstanceOf(RpcError)
    await client.close()
  })
})
