import { ready, server } from "@serenity-kit/opaque"
import { fromHex, fromUtf8, toUtf8 } from "@qpc/wire"
import type { Storage } from "../storage/storage.ts"

/** Lengths of RFC 9807's messages over ristretto255 with SHA-512. */
const REGISTRATION_REQUEST_BYTES = 32
const REGISTRATION_RECORD_BYTES = 192
const LOGIN_REQUEST_BYTES = 96
const FINALIZATION_BYTES = 64

/** What the server keeps of a login between its two round trips. It never leaves the process. */
export interface LoginState {
  readonly serverLoginState: string
}

/**
 * The server's half of OPAQUE (RFC 9807 over ristretto255). The password never reaches it, nor anything that it could be
 * guessed from without the key that is kept in the store.
 *
 * Synchronous, 0.6 ms per message: the slow stretching happens on the client.
 */
export class OpaqueServer {
  readonly #setup: string

  private constructor(setup: string) {
    this.#setup = setup
  }

  /** Loads the server's keys from the store, making them at the first start. Whoever loses them loses all logins. */
  static async open(storage: Storage): Promise<OpaqueServer> {
    await ready
    const setup = fromUtf8(await storage.keepFirst("opaque-server-setup", toUtf8(server.createSetup())))
    if (setup === undefined) throw new Error("unreachable: the store keeps what it was given")
    return new OpaqueServer(setup)
  }

  /** The answer to RegistrationRequest (RFC 9807 §5.2), `undefined` for one that is none. @param userIdentifier - the username's key */
  answerRegistration(userIdentifier: string, request: Uint8Array): Uint8Array | undefined {
    if (request.length !== REGISTRATION_REQUEST_BYTES) return undefined
    return orUndefined(() =>
      fromText(
        server.createRegistrationResponse({
          serverSetup: this.#setup,
          userIdentifier,
          registrationRequest: toText(request),
        }).registrationResponse,
      ),
    )
  }

  /** True if `upload` can be kept as a RegistrationRecord: its points are points. */
  isRegistrationRecord(upload: Uint8Array): boolean {
    if (upload.length !== REGISTRATION_RECORD_BYTES) return false
    // The library checks a record only when it is used: better here than at the person's first login.
    const registrationRecord = toText(upload)
    return (
      orUndefined(() => this.#startLogin("probe", registrationRecord, toText(fromHex(PROBE_REQUEST_HEX)))) !== undefined
    )
  }

  /**
   * The answer to KE1 (RFC 9807 §6.2.2), `undefined` for one that is none.
   *
   * @param record - `undefined` for an unknown user: the answer then looks like any other (§6.3.2.2).
   */
  answerLogin(
    userIdentifier: string,
    record: Uint8Array | undefined,
    request: Uint8Array,
  ): { readonly response: Uint8Array; readonly state: LoginState } | undefined {
    if (request.length !== LOGIN_REQUEST_BYTES) return undefined
    return orUndefined(() => {
      const registrationRecord = record ? toText(record) : null
      const { loginResponse, serverLoginState } = this.#startLogin(userIdentifier, registrationRecord, toText(request))
      return { response: fromText(loginResponse), state: { serverLoginState } }
    })
  }

  /** True if KE3 proves knowledge of the password (RFC 9807 §6.2.4). */
  finishLogin(state: LoginState, finalization: Uint8Array): boolean {
    if (finalization.length !== FINALIZATION_BYTES) return false
    const finishLoginRequest = toText(finalization)
    return orUndefined(() => server.finishLogin({ ...state, finishLoginRequest })) !== undefined
  }

  #startLogin(userIdentifier: string, registrationRecord: string | null, startLoginRequest: string) {
    return server.startLogin({ serverSetup: this.#setup, userIdentifier, registrationRecord, startLoginRequest })
  }
}

// The generator of ristretto255 (RFC 9496 §A.1) in the places of KE1's points: a well-formed request of nobody.
const GENERATOR_HEX = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
const PROBE_REQUEST_HEX = `${GENERATOR_HEX}${"00".repeat(32)}${GENERATOR_HEX}`

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url")
}

function fromText(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64url"))
}

/** The library throws a plain `Error` with this prefix for messages of the peer that do not fit. */
function orUndefined<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("opaque protocol error")) return undefined
    throw error
  }
}
