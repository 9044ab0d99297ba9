import type { OpaqueClient } from "@qpc/sdk"

/** For clients whose account `enrol` made: nobody signs up or logs in with a password. */
export const noOpaque: OpaqueClient = {
  startRegistration: () => Promise.reject(new Error("unreachable: nobody signs up here")),
  finishRegistration: () => Promise.reject(new Error("unreachable: nobody signs up here")),
  startLogin: () => Promise.reject(new Error("unreachable: nobody logs in here")),
  finishLogin: () => Promise.reject(new Error("unreachable: nobody logs in here")),
  [Symbol.asyncDispose]: async () => {},
}
