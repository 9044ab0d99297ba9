import { connect as connectTcp } from "node:net"
import { networkInterfaces } from "node:os"
import { toUtf8 } from "@qpc/wire"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { RefusedError, UnsupportedError } from "./calls.ts"
import type { MlsStack } from "./calls.ts"
import { allCalls, connect } from "./connect.ts"
import type { RemoteStack } from "./connect.ts"
import { startInstance } from "./instances.ts"
import { introduce, playAll } from "./matrix.ts"
import type { Outcome } from "./matrix.ts"
import { ourStack } from "./our-stack.ts"
import { interopFilesExist, vectorsDir } from "./proto.ts"
import { loadScripts, unknownFields } from "./script.ts"
import type { Script } from "./script.ts"
import { serve } from "./serve.ts"
import type { Serving } from "./serve.ts"

if (!interopFilesExist()) {
  console.warn(`No interop scripts in ${vectorsDir}: the 40 stories of the 8 script files were not played.`)
}

const NO_BYTES = new Uint8Array(0)
/** The post-quantum suite, under its private code point. */
const X_WING = 0xf002
/** All but the long one, which takes minutes: `npm run interop` plays it. */
const short = (): Script[] => loadScripts().filter(({ file }) => file !== "deep_random")

async function outcomesOf(
  scripts: readonly Script[],
  stacks: readonly MlsStack[],
  only: Parameters<typeof playAll>[2],
): Promise<Outcome[]> {
  const participants = await Promise.all(stacks.map(async (calls) => await introduce("ours", calls)))
  const outcomes: Outcome[] = []
  for await (const outcome of playAll(scripts, participants, only)) outcomes.push(outcome)
  return outcomes
}

describe.runIf(interopFilesExist())("the scripts of the interop harness", () => {
  it("are all read, with no field that nobody looks at", () => {
    const scripts = loadScripts()
    expect(new Set(scripts.map(({ file }) => file)).size).toBe(8)
    expect(scripts).toHaveLength(40)
    expect(unknownFields(scripts)).toEqual([])
  })

  it("are played to their end by several of ours, with private and public handshake messages", async () => {
    const outcomes = await outcomesOf(short(), [ourStack(), ourStack(), ourStack()], { cipherSuites: [1] })
    expect(outcomes.filter(({ result }) => result !== "passed")).toEqual([])
    expect(outcomes).toHaveLength(2 * 39)
  })

  it.each([2, 3, 4, 5, 6, 7, X_WING])("change members, extensions and suites in suite %d", async (suite) => {
    const scripts = short().filter(({ name }) => /all_together|removing_prior|external_reinit|change_cipher/.test(name))
    const only = { cipherSuites: [suite], handshakes: ["private"] } as const
    const outcomes = await outcomesOf(scripts, [ourStack(), ourStack()], only)
    expect(outcomes.map(({ result, because }) => because ?? result)).toEqual(scripts.map(() => "passed"))
  })

  it("fail where somebody does not agree", async () => {
    const honest = ourStack()
    const liar: MlsStack = { ...honest, stateAuth: () => ({ stateAuthSecret: toUtf8("something else") }) }
    const script = short().find(({ name }) => name === "commit/add")
    const outcomes = await outcomesOf([script!], [honest, liar], { cipherSuites: [1], handshakes: ["public"] })
    expect(outcomes).toMatchObject([{ result: "failed", because: expect.stringContaining("different secrets") }])
  })
})

describe.runIf(interopFilesExist())("the server of the interop harness", () => {
  let serving: Serving
  let remote: RemoteStack

  beforeAll(async () => {
    serving = await serve(ourStack(), 0)
    remote = connect(serving.port)
  })
  afterAll(() => {
    remote.close()
    serving.close()
  })

  it("offers all 34 calls", async () => {
    expect(allCalls()).toHaveLength(34)
    expect(Object.keys(ourStack()).toSorted()).toEqual(allCalls().toSorted())
    expect(await remote.calls.name({})).toEqual({ name: "quicprochat" })
    expect(await remote.calls.supportedCiphersuites({})).toEqual({ ciphersuites: [1, 2, 3, 4, 5, 6, 7, X_WING] })
  })

  it("plays a story over the wire", async () => {
    const scripts = short().filter(({ name }) => name === "commit/all_together_bob_proposes")
    const only = { cipherSuites: [1], handshakes: ["private"] } as const
    expect(await outcomesOf(scripts, [remote.calls, ourStack()], only)).toMatchObject([{ result: "passed" }])
  })

  it("says why it refuses, and whose fault it was", async () => {
    const created = await remote.calls.createGroup({
      groupId: toUtf8("group"),
      cipherSuite: 1,
      encryptHandshake: true,
      identity: toUtf8("alice"),
    })
    const nonsense = remote.calls.unprotect({ stateId: created.stateId, ciphertext: NO_BYTES })
    await expect(nonsense).rejects.toThrow(new RefusedError("Unprotect: message: malformed"))
    await expect(remote.calls.stateAuth({ stateId: 999 })).rejects.toThrow("StateAuth: no state 999")
    const suite = remote.calls.createKeyPackage({ cipherSuite: 0x4d, identity: NO_BYTES })
    await expect(suite).rejects.toThrow("cipher suite 77 is not supported")
  })

  it("tells what it cannot do from what it refuses", async () => {
    const mute: MlsStack = {
      ...ourStack(),
      export: () => {
        throw new UnsupportedError("no exporter")
      },
    }
    const other = await serve(mute, 0)
    const client = connect(other.port)
    const asked = client.calls.export({ stateId: 1, label: "", context: NO_BYTES, keyLength: 1 })
    await expect(asked).rejects.toBeInstanceOf(UnsupportedError)
    client.close()
    other.close()
  })

  it("listens on the loopback interface only", async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ internal }) => !internal)
    const address = outside?.address ?? "127.0.0.2"
    const outcome = await new Promise<string>((resolve) => {
      const socket = connectTcp(serving.port, address, () => resolve("connected"))
      socket.on("error", ({ message }) => resolve(message))
    })
    expect(outcome).toMatch(/ECONNREFUSED/)
  })

  it("runs in a process of its own and ends when it is told to", async () => {
    const instance = await startInstance("ours")
    expect(await instance.remote.calls.name({})).toEqual({ name: "quicprochat" })
    await instance.stop()
    await expect(instance.remote.calls.name({})).rejects.toThrow("shut down")
  })
})
