import { RpcError } from "@qpc/rpc"
import type { MethodName, Handlers } from "@qpc/rpc"
import { toHex } from "@qpc/wire"
import type { Observe } from "../observe.ts"
import { refusal } from "../refusal.ts"
import type { RefusalReason } from "../refusal.ts"
import type { SlidingWindow } from "../sliding-window.ts"
import { StorageError } from "../storage/storage-error.ts"
import type { ClientConnection } from "./client-connection.ts"

/** Acknowledging frees the server's memory, and health checks come from machines: neither is counted. */
const UNCOUNTED: ReadonlySet<MethodName> = new Set(["ack", "health"])

const RETRY_AFTER_FULL_MS = 5000
const RETRY_AFTER_BUSY_MS = 500

/**
 * Puts around every handler what all of them need: the rate limit before, and words for a failing disk after.
 *
 * @param onStorageError - told about each failure of the disk, to be logged
 */
export function guarded(
  handlers: Handlers<ClientConnection>,
  options: {
    /** By identity. */
    readonly requests: SlidingWindow
    /** By address, for connections without a session. */
    readonly requestsFromAddress: SlidingWindow
    readonly observe: Observe
    readonly onStorageError: (method: MethodName, error: StorageError) => void
  },
): Handlers<ClientConnection> {
  const { requests, requestsFromAddress, observe, onStorageError } = options
  const names = Object.keys(handlers) as MethodName[]
  const entries = names.map((name) => {
    const perform = handlers[name] as (request: never, client: ClientConnection, call: never) => Promise<unknown>
    const guard = async (request: never, client: ClientConnection, call: never): Promise<unknown> => {
      try {
        if (!UNCOUNTED.has(name)) {
          const admission = client.hasSession
            ? requests.take(toHex(client.session.deviceKey))
            : requestsFromAddress.take(client.address)
          if (!admission.admitted) throw refusal("rate_limited", admission)
        }
        return await perform(request, client, call)
      } catch (error) {
        if (error instanceof RpcError) observe({ kind: "refused", method: name, reason: error.reason as RefusalReason })
        if (!(error instanceof StorageError)) throw error
        onStorageError(name, error)
        throw toRefusal(error)
      }
    }
    return [name, guard]
  })
  return Object.fromEntries(entries) as Handlers<ClientConnection>
}

/** What the client may know of a failing disk: that nothing was stored, and when to try again. */
function toRefusal(error: StorageError): unknown {
  switch (error.code) {
    case "full":
      return refusal("storage_full", { retryAfterMs: RETRY_AFTER_FULL_MS })
    case "busy":
      return refusal("storage_busy", { retryAfterMs: RETRY_AFTER_BUSY_MS })
    case "io":
    case "corrupt":
    case "closed":
      return refusal("storage_failed", { retryAfterMs: RETRY_AFTER_FULL_MS })
    case "wrong_key":
    case "newer_schema":
      return error
  }
}
