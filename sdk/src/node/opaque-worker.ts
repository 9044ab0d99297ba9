import { parentPort, workerData } from "node:worker_threads"
import { client, ready } from "@serenity-kit/opaque"
import type { OpaqueAnswer, OpaqueQuestion } from "./opaque-messages.ts"

/** How hard the password is stretched; fixed at registration, because logging in must repeat it. */
export interface OpaqueWorkerData {
  readonly keyStretching: "memory-constrained" | { readonly "argon2id-custom": Argon2idCustom }
}

interface Argon2idCustom {
  readonly iterations: number
  readonly memory: number
  readonly parallelism: number
}

const { keyStretching } = workerData as OpaqueWorkerData
await ready
parentPort?.on("message", (question: OpaqueQuestion) => parentPort?.postMessage(answer(question), []))

function answer(question: OpaqueQuestion): OpaqueAnswer {
  const { id } = question
  try {
    return { id, ...answered(question) }
  } catch (error) {
    // The library's errors name the step that failed, never its inputs.
    return { id, error: error instanceof Error ? error.message : "unknown" }
  }
}

function answered(question: OpaqueQuestion): Omit<OpaqueAnswer, "id"> {
  const { password } = question
  switch (question.step) {
    case "start_registration": {
      const { clientRegistrationState, registrationRequest } = client.startRegistration({ password })
      return { state: clientRegistrationState, message: toBytes(registrationRequest) }
    }
    case "finish_registration": {
      const registrationResponse = toText(question.response)
      const clientRegistrationState = question.state
      const options = { password, registrationResponse, clientRegistrationState, keyStretching }
      return { message: toBytes(client.finishRegistration(options).registrationRecord) }
    }
    case "start_login": {
      const { clientLoginState, startLoginRequest } = client.startLogin({ password })
      return { state: clientLoginState, message: toBytes(startLoginRequest) }
    }
    case "finish_login": {
      const loginResponse = toText(question.response)
      const clientLoginState = question.state
      const result = client.finishLogin({ password, loginResponse, clientLoginState, keyStretching })
      return result === undefined ? {} : { message: toBytes(result.finishLoginRequest) }
    }
  }
}

/** The library speaks base64url without padding. */
function toBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64url"))
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url")
}
