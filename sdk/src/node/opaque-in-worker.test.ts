import { ready, server } from "@serenity-kit/opaque"
import { describe, expect, it } from "vitest"
import { opaqueInWorker } from "./opaque-in-worker.ts"

const cheap = { "argon2id-custom": { iterations: 1, memory: 64, parallelism: 1 } }
const toBytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"))
const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url")

/** A server's half, as the library offers it. */
async function registered(password: string) {
  await ready
  const opaque = opaqueInWorker(cheap)
  const serverSetup = server.createSetup()
  const { state, request } = await opaque.startRegistration(password)
  const registrationRequest = toText(request)
  const asked = { serverSetup, userIdentifier: "alice", registrationRequest }
  const { registrationResponse } = server.createRegistrationResponse(asked)
  const upload = await opaque.finishRegistration(password, state, toBytes(registrationResponse))
  const logIn = async (typed: string): Promise<boolean> => {
    const started = await opaque.startLogin(typed)
    const startLoginRequest = toText(started.request)
    const registrationRecord = toText(upload)
    const login = { serverSetup, userIdentifier: "alice", registrationRecord, startLoginRequest }
    const { serverLoginState, loginResponse } = server.startLogin(login)
    const finalization = await opaque.finishLogin(typed, started.state, toBytes(loginResponse))
    if (finalization === undefined) return false
    server.finishLogin({ serverLoginState, finishLoginRequest: toText(finalization) })
    return true
  }
  return { opaque, logIn }
}

describe("OPAQUE in a worker", () => {
  it("proves the right password and not a wrong one", async () => {
    const { opaque, logIn } = await registered("correct")
    expect(await logIn("correct")).toBe(true)
    expect(await logIn("wrong")).toBe(false)
    await opaque[Symbol.asyncDispose]()
  })

  it("answers a server that talks nonsense with an error that repeats nothing", async () => {
    const { opaque } = await registered("correct")
    const { state } = await opaque.startLogin("correct")
    const failing = opaque.finishLogin("correct", state, new Uint8Array(3))
    await expect(failing).rejects.toMatchObject({ code: "protocol", message: expect.not.stringContaining("correct") })
    await opaque[Symbol.asyncDispose]()
  })

  it("ends questions that are open when it is closed", async () => {
    const { opaque } = await registered("correct")
    const open = opaque.startLogin("correct")
    await Promise.all([expect(open).rejects.toMatchObject({ code: "closed" }), opaque[Symbol.asyncDispose]()])
  })
})
