import type { RpcClient } from "@qpc/rpc"
import { ClientError } from "./client-error.ts"
import type { Context } from "./context.ts"
import { topUpKeyPackages } from "./key-packages.ts"
import type { NoticeReason } from "./model.ts"
import { asClientError } from "./network-error.ts"
import { Transaction } from "./transaction.ts"
import { Turn } from "./turn.ts"

/** Calls from outside, which alone are limited, never come here. */
const NONE_FROM_OUTSIDE = 0

/** Brings our key packages at the server up to date, once at a time: two at once would both fill what they both found empty. */
export class KeyPackageStock {
  readonly #context: Context
  readonly #turn = new Turn(NONE_FROM_OUTSIDE)

  constructor(context: Context) {
    this.#context = context
  }

  /**
   * Whoever cannot be invited can still read and write: a server that takes none of our key packages, because our clock is
   * wrong, must not cost us the connection. The next one tries again.
   *
   * @throws ClientError for all other failures
   */
  bringUpToDate(rpc: RpcClient): Promise<void> {
    return this.#turn.takeAlways(async () => {
      try {
        await asClientError(topUpKeyPackages(this.#context, (method, request) => rpc.call(method, request)))
      } catch (error) {
        if (!(error instanceof ClientError) || error.code !== "server_refused") throw error
        await this.#tellRefused()
      }
    })
  }

  #tellRefused(): Promise<void> {
    const notice = { seq: 0n, sizeBytes: 0, reason: "key_packages_refused" satisfies NoticeReason }
    return this.#context.turn.takeAlways(() => Transaction.run(this.#context, "up", async (tx) => tx.notice(notice)))
  }
}
