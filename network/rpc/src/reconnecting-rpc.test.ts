import { getEventListeners } from "node:events"
import { memoryPair, TransportError, type Connection, type TransportErrorCode } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { backoffDelayMs, defaultBackoff } from "./backoff.ts"
import { events } from "./event.ts"
import { methods } from "./method.ts"
import { ReconnectingRpc, type ReconnectingRpcOptions, type ReconnectState } from "./reconnecting-rpc.ts"
import { RpcError } from "./rpc-error.ts"
import type { Handlers, RpcServerConnection } from "./rpc-server.ts"
import { serveRpc } from "./serve-rpc.ts"
import { refuseAll, turns, until, VirtualClock } from "./testing/index.ts"

/** The same numbers for the same seed, evenly spread. */
function seeded(seed: number): (lengthBytes: number) => Uint8Array {
  let state = seed
  return (lengthBytes) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const bytes = new Uint8Array(lengthBytes)
    new DataView(bytes.buffer).setUint32(0, state)
    return bytes
  }
}

interface Network {
  readonly rpc: ReconnectingRpc
  readonly clock: VirtualClock
  readonly states: ReconnectState[]
  /** The server's ends, oldest first. */
  readonly served: RpcServerConnection[]
  /** The clock at each dial. */
  readonly dialledAtMs: number[]
  /** Pulls the cable of the newest connection. */
  readonly cut: () => void
}

interface Plan {
  /** What each dial does: a code fails it, `hang` never ends it; nothing left means success. */
  readonly dials?: (TransportErrorCode | "hang")[]
  readonly handlers?: Partial<Handlers<undefined>>
  readonly options?: Partial<ReconnectingRpcOptions>
}

function start({ dials = [], handlers = {}, options = {} }: Plan = {}): Network {
  const clock = new VirtualClock()
  const states: ReconnectState[] = []
  const served: RpcServerConnection[] = []
  const dialledAtMs: number[] = []
  let pullCable: (() => void) | undefined
  const dial = async (o?: { readonly signal?: AbortSignal }): Promise<Connection> => {
    dialledAtMs.push(clock.nowMs())
    const outcome = dials.shift()
    if (outcome === "hang") await hang(o?.signal)
    else if (outcome !== undefined) throw new TransportError(outcome, outcome)
    const pair = memoryPair()
    pullCable = () => pair.cut()
    const health = async (): Promise<{ version: string }> => ({ version: `server ${served.length}` })
    served.push(serveRpc(pair.far, { handlers: { ...refuseAll(), health, ...handlers }, context: undefined, clock }))
    return pair.near
  }
  const onState = (state: ReconnectState): void => void states.push(state)
  const rpc = new ReconnectingRpc({ dial, clock, random: seeded(1), onState, ...options })
  return { rpc, clock, states, served, dialledAtMs, cut: () => pullCable?.() }
}

function hang(signal?: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new TransportError("aborted", "aborted")))
  })
}

const at = ({ at: name }: ReconnectState): string => name

describe("keeping a connection", () => {
  it("calls over the connection it dialled", async () => {
    const { rpc, states } = start()
    expect((await rpc.call(methods.health, {})).version).toBe("server 1")
    expect(states.map(at)).toEqual(["connecting", "connected"])
    await rpc.close()
    expect(states.map(at)).toEqual(["connecting", "connected", "closed"])
  })

  it("keeps nothing of a connection that is over: its signal lives as long as everything", async () => {
    const signals: AbortSignal[] = []
    const { rpc, clock, cut, states } = start({
      options: { onConnected: async (_client, signal) => void signals.push(signal) },
    })
    await rpc.call(methods.health, {})
    cut()
    await until(() => states.at(-1)?.at === "waiting")
    clock.advance(250)
    await until(() => states.at(-1)?.at === "connected")
    expect(signals.map((signal) => getEventListeners(signal, "abort").length)).toEqual([0, 0])
    await rpc.close()
  })

  it("prepares each connection before it lets calls through", async () => {
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    const { rpc } = start({
      options: {
        onConnected: async (client) => {
          await gate.promise
          await client.call(methods.health, {})
          order.push("prepared")
        },
      },
    })
    const call = rpc.call(methods.health, {}).then(() => order.push("called"))
    await turns(10)
    gate.resolve()
    await call
    expect(order).toEqual(["prepared", "called"])
  })

  it("dials again when the connection breaks, and calls over the new one", async () => {
    const { rpc, clock, states, cut } = start()
    await rpc.call(methods.health, {})
    cut()
    await until(() => states.at(-1)?.at === "waiting")
    const call = rpc.call(methods.health, {})
    clock.advance(250)
    expect((await call).version).toBe("server 2")
  })

  it("rejects calls in flight when the connection breaks, and does not repeat them", async () => {
    let calls = 0
    const peek: Handlers<undefined>["peek"] = async () => {
      calls += 1
      return new Promise(() => {})
    }
    const { rpc, clock, states, cut } = start({ handlers: { peek } })
    const call = rpc.call(methods.peek, {})
    await until(() => calls === 1)
    cut()
    await expect(call).rejects.toMatchObject({ reason: "connection_lost", retryable: true })
    await until(() => states.at(-1)?.at === "waiting")
    clock.advance(250)
    await until(() => states.at(-1)?.at === "connected")
    await turns(5)
    expect(calls).toBe(1)
  })
})

describe("trying again", () => {
  it("waits as the seeded back-off says, ever longer", async () => {
    const dials = Array.from({ length: 12 }, () => "unreachable" as const)
    const { rpc, clock, states, dialledAtMs } = start({ dials })
    const random = seeded(1)
    const expectedDelays = dials.map((_dial, n) => backoffDelayMs(n + 1, defaultBackoff, random))
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      await until(() => states.at(-1)?.at === "waiting" && dialledAtMs.length === attempt)
      const state = states.at(-1)
      clock.advance(state?.at === "waiting" ? state.delayMs : 0)
    }
    await until(() => states.at(-1)?.at === "connected")
    const delays = dialledAtMs.slice(1).map((ms, n) => ms - (dialledAtMs[n] ?? 0))
    expect(delays).toEqual(expectedDelays)
    expect(Math.max(...expectedDelays)).toBeGreaterThan(10_000)
    await rpc.close()
  })

  it("begins anew after a connection that lasted, and goes on counting after one that did not", async () => {
    const { rpc, clock, states, cut } = start({ dials: ["unreachable", "unreachable"] })
    const attempts: number[] = []
    const untilAt = (name: ReconnectState["at"]): Promise<void> => until(() => states.at(-1)?.at === name)
    const wait = async (): Promise<void> => {
      await untilAt("waiting")
      const state = states.at(-1)
      if (state?.at === "waiting") attempts.push(state.attempt)
      clock.advance(60_000)
      await until(() => states.at(-1) !== state)
    }
    await wait()
    await wait()
    await untilAt("connected")
    cut()
    await wait()
    await untilAt("connected")
    clock.advance(10_000)
    cut()
    await wait()
    expect(attempts).toEqual([1, 2, 3, 1])
    await rpc.close()
  })

  it.each(["peer_changed", "certificate_expired", "protocol"] as const)(
    "stops at %s, for a person to act",
    async (code) => {
      const { rpc, clock, states, dialledAtMs } = start({ dials: [code] })
      const waiting = rpc.call(methods.health, {})
      await expect(waiting).rejects.toMatchObject({ name: "TransportError", code })
      expect(states.map(at)).toEqual(["connecting", "stopped"])
      await expect(rpc.call(methods.health, {})).rejects.toMatchObject({ code })
      clock.advance(3_600_000)
      await turns(5)
      expect(dialledAtMs).toHaveLength(1)
      rpc.retry()
      expect((await rpc.call(methods.health, {})).version).toBe("server 1")
    },
  )

  it("stops when preparing is refused, and closes that connection", async () => {
    const refusal = new RpcError("unauthenticated", "session_unknown", "Log in again.")
    const { states, served } = start({ options: { onConnected: () => Promise.reject(refusal) } })
    await until(() => states.at(-1)?.at === "stopped")
    expect(states.at(-1)).toEqual({ at: "stopped", because: refusal })
    expect(await served[0]?.closed).toMatchObject({ code: "closed" })
  })

  it("tries again when preparing fails in passing, not before the server wishes", async () => {
    const busy = new RpcError("unavailable", "busy", "Later.", { retryAfterMs: 5000 })
    let tries = 0
    const onConnected = async (): Promise<void> => {
      tries += 1
      if (tries === 1) throw busy
    }
    const { states } = start({ options: { onConnected } })
    await until(() => states.at(-1)?.at === "waiting")
    const state = states.at(-1)
    expect(state?.at === "waiting" && state.delayMs).toBeGreaterThanOrEqual(5000)
  })

  it("stays away as long as a server that stops asked for", async () => {
    const { rpc, states, served } = start()
    await rpc.call(methods.health, {})
    await served[0]?.push(events.goingAway, { reason: "update", reconnectAfterMs: 7000 })
    await served[0]?.drain(1000)
    await until(() => states.at(-1)?.at === "waiting")
    const state = states.at(-1)
    expect(state?.at === "waiting" && state.delayMs).toBeGreaterThanOrEqual(7000)
    expect(state?.at === "waiting" && state.delayMs).toBeLessThan(7250)
  })

  it("dials at once when asked to", async () => {
    const { rpc, states, dialledAtMs } = start({ dials: ["unreachable"] })
    await until(() => states.at(-1)?.at === "waiting")
    rpc.retry()
    await until(() => states.at(-1)?.at === "connected")
    expect(dialledAtMs).toEqual([0, 0])
  })

  it("gives up a dial that takes too long, and tries again", async () => {
    const { clock, states } = start({ dials: ["hang"], options: { connectTimeoutMs: 1000 } })
    await until(() => states.length > 0)
    await turns(2)
    clock.advance(1000)
    await until(() => states.at(-1)?.at === "waiting")
    expect(states.at(-1)).toMatchObject({ because: { code: "unreachable" } })
  })

  it("gives up preparations that take too long, and closes that connection", async () => {
    const { clock, states, served } = start({
      options: { connectTimeoutMs: 1000, onConnected: async (client) => void (await client.call(methods.peek, {})) },
      handlers: { peek: () => new Promise(() => {}) },
    })
    await until(() => (served[0]?.runningCalls ?? 0) === 1)
    clock.advance(1000)
    await until(() => states.at(-1)?.at === "waiting")
    expect(states.at(-1)).toMatchObject({ because: { code: "unreachable" } })
    expect(await served[0]?.closed).toMatchObject({ code: "closed" })
  })
})

describe("calling without a connection", () => {
  it("waits for one until the deadline, then says `not_connected` and why", async () => {
    const { rpc, clock, states } = start({ dials: ["unreachable", "unreachable", "unreachable"] })
    const call = rpc.call(methods.health, {}, { deadlineMs: 50 })
    await until(() => states.at(-1)?.at === "waiting")
    clock.advance(50)
    await expect(call).rejects.toMatchObject({
      reason: "not_connected",
      retryable: true,
      cause: { code: "unreachable" },
    })
  })

  it("spends one deadline on waiting and calling together", async () => {
    const { rpc, clock, states, served } = start({
      dials: ["unreachable"],
      handlers: { peek: () => new Promise(() => {}) },
    })
    await until(() => states.at(-1)?.at === "waiting")
    const call = rpc.call(methods.peek, {}, { deadlineMs: 1000 })
    clock.advance(600)
    await until(() => (served[0]?.runningCalls ?? 0) === 1)
    clock.advance(400)
    await expect(call).rejects.toMatchObject({ code: "deadline_exceeded" })
  })

  it("stops waiting when the caller gives up", async () => {
    const { rpc } = start({ dials: ["hang"] })
    const controller = new AbortController()
    const call = rpc.call(methods.health, {}, { signal: controller.signal })
    await turns(2)
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: "cancelled", reason: "aborted" })
  })

  it("lets only so many calls wait", async () => {
    const { rpc } = start({ dials: ["hang"], options: { limits: { maxWaitingCalls: 1 } } })
    const first = rpc.call(methods.health, {})
    await expect(rpc.call(methods.health, {})).rejects.toMatchObject({ reason: "too_many_calls" })
    await Promise.all([rpc.close(), expect(first).rejects.toMatchObject({ reason: "closed" })])
  })
})

describe("closing for good", () => {
  it.each([
    ["while dialling", ["hang"]],
    ["while waiting", ["unreachable"]],
    ["while stopped", ["peer_changed"]],
    ["while connected", []],
  ] as const)("ends %s and leaves no timer behind", async (_when, dials) => {
    const { rpc, clock, states } = start({ dials: [...dials] })
    await turns(10)
    await rpc.close()
    expect(states.at(-1)).toEqual({ at: "closed" })
    expect(clock.timerCount).toBe(0)
    await expect(rpc.call(methods.health, {})).rejects.toMatchObject({ reason: "closed" })
  })

  it("ends at whatever moment of connecting it is asked to", async () => {
    for (let moment = 0; moment < 60; moment++) {
      const { rpc, states, clock, served } = start()
      for (let step = 0; step < moment; step++) await Promise.resolve()
      await rpc.close()
      expect([moment, states.at(-1), clock.timerCount]).toEqual([moment, { at: "closed" }, 0])
      await Promise.all(served.map(({ closed }) => closed))
    }
  })

  it("ends while preparing, even if the preparation pays no heed", async () => {
    const { rpc, served, states } = start({
      options: { onConnected: async (client) => void (await client.call(methods.peek, {})) },
      handlers: { peek: () => new Promise(() => {}) },
    })
    await until(() => (served[0]?.runningCalls ?? 0) === 1)
    await rpc.close()
    expect(states.at(-1)).toEqual({ at: "closed" })
  })
})

describe("the pushes of all connections", () => {
  it("go on after a break", async () => {
    const { rpc, clock, states, served, cut } = start()
    const reader = rpc.pushes[Symbol.asyncIterator]()
    const first = reader.next()
    await until(() => states.at(-1)?.at === "connected")
    await served[0]?.push(events.sessionEnded, { reason: "one" })
    expect((await first).value).toMatchObject({ message: { reason: "one" } })
    const second = reader.next()
    cut()
    await until(() => states.at(-1)?.at === "waiting")
    clock.advance(250)
    await until(() => states.at(-1)?.at === "connected")
    await served[1]?.push(events.sessionEnded, { reason: "two" })
    expect((await second).value).toMatchObject({ message: { reason: "two" } })
    await rpc.close()
    expect((await reader.next()).done).toBe(true)
  })

  it("close everything when the reader leaves", async () => {
    const { rpc, states, served } = start()
    await until(() => states.at(-1)?.at === "connected")
    await served[0]?.push(events.sessionEnded, {})
    for await (const push of rpc.pushes) if (push.name === "sessionEnded") break
    expect(states.at(-1)).toEqual({ at: "closed" })
    expect(await served[0]?.closed).toMatchObject({ code: "closed" })
  })

  it("end for a reader that waits for a connection when everything is closed", async () => {
    const { rpc } = start({ dials: ["hang"] })
    const next = rpc.pushes[Symbol.asyncIterator]().next()
    await turns(2)
    await rpc.close()
    expect((await next).done).toBe(true)
  })

  it("have one reader", async () => {
    const { rpc } = start()
    rpc.pushes[Symbol.asyncIterator]()
    expect(() => rpc.pushes[Symbol.asyncIterator]()).toThrow("one reader")
    await rpc.close()
  })
})
