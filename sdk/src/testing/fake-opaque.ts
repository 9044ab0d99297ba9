import { equalBytes, toUtf8 } from "@qpc/wire"
import type { OpaqueClient } from "../opaque.ts"

/** Says yes to the right password and no to a wrong one, at no cost and with no secrecy: for tests only. */
export const fakeOpaque: OpaqueClient = {
  startRegistration: async () => ({ state: "", request: new Uint8Array(1) }),
  finishRegistration: async (password) => toUtf8(password),
  startLogin: async () => ({ state: "", request: new Uint8Array(1) }),
  finishLogin: async (password, _state, response) =>
    equalBytes(response, toUtf8(password)) ? new Uint8Array(1) : undefined,
  [Symbol.asyncDispose]: async () => undefined,
}
