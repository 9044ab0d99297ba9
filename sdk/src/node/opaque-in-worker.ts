import { Worker } from "node:worker_threads"
import { ClientError } from "../client-error.ts"
import type { OpaqueClient } from "../opaque.ts"
import type { OpaqueAnswer, OpaqueQuestion } from "./opaque-messages.ts"
import type { OpaqueWorkerData } from "./opaque-worker.ts"

/** Exchanges under way at one time; one more is refused. A client has one. */
const QUESTIONS_LIMIT = 16

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never

/**
 * OPAQUE in a worker thread, which starts at the first question and ends with {@link OpaqueClient}'s disposal.
 *
 * @param keyStretching - `memory-constrained` (RFC 9106 §4: Argon2id with 64 MiB) takes half a second. Registration and
 *   every login must use the same; another one is for tests.
 */
export function opaqueInWorker(keyStretching: OpaqueWorkerData["keyStretching"] = "memory-constrained"): OpaqueClient {
  const thread = new OpaqueThread({ keyStretching })
  return {
    startRegistration: async (password) => started(await thread.ask({ step: "start_registration", password })),
    finishRegistration: async (password, state, response) =>
      finished(await thread.ask({ step: "finish_registration", password, state, response })),
    startLogin: async (password) => started(await thread.ask({ step: "start_login", password })),
    finishLogin: async (password, state, response) =>
      (await thread.ask({ step: "finish_login", password, state, response })).message,
    [Symbol.asyncDispose]: () => thread.close(),
  }
}

interface Waiting {
  readonly resolve: (answer: OpaqueAnswer) => void
  readonly reject: (error: unknown) => void
}

class OpaqueThread {
  readonly #data: OpaqueWorkerData
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #lastId = 0

  constructor(data: OpaqueWorkerData) {
    this.#data = data
  }

  async ask(question: WithoutId<OpaqueQuestion>): Promise<OpaqueAnswer> {
    if (this.#waiting.size >= QUESTIONS_LIMIT) {
      const nextStep = "Wait until the other logins have ended."
      throw new ClientError("busy", "too many logins at the same time", { nextStep, retryable: true })
    }
    this.#worker ??= this.#start()
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<OpaqueAnswer>()
    this.#waiting.set(id, { resolve, reject })
    this.#worker.ref() // Somebody waits: without this the process could end in the middle of the question.
    this.#worker.postMessage({ ...question, id }, [])
    const answer = await promise
    if (answer.error === undefined) return answer
    const nextStep = "Try again; update qpc or the server if it stays so."
    throw new ClientError("protocol", `the server's answer to the login is not one (${answer.error})`, { nextStep })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#fail(new ClientError("closed", "the client was closed", { nextStep: "Open it again." }))
    await worker?.terminate()
  }

  #start(): Worker {
    // Sources run unbuilt: the worker has the ending of the file that starts it.
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js"
    const worker = new Worker(new URL(`opaque-worker.${ending}`, import.meta.url), { workerData: this.#data })
    worker.on("message", (answer: OpaqueAnswer) => {
      this.#waiting.get(answer.id)?.resolve(answer)
      this.#waiting.delete(answer.id)
      if (this.#waiting.size === 0) worker.unref()
    })
    worker.on("error", (error) => this.#fail(error))
    worker.unref() // A forgotten client must not keep the process alive.
    return worker
  }

  #fail(error: unknown): void {
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

function started({ state, message }: OpaqueAnswer): { readonly state: string; readonly request: Uint8Array } {
  if (state === undefined || message === undefined) throw new Error("unreachable: a first step always has an answer")
  return { state, request: message }
}

function finished({ message }: OpaqueAnswer): Uint8Array {
  if (message === undefined) throw new Error("unreachable: registration has no wrong password")
  return message
}
