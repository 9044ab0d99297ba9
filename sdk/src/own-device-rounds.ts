import type { Context } from "./context.ts"
import { hasUntoldRemovals, tellRemovals } from "./devices.ts"
import { addOwnDevices, hasRemovedDevices, lacksOwnDevices, removeOwnDevices } from "./group-devices.ts"
import type { Call } from "./outbox.ts"
import { Turn } from "./turn.ts"

/** After a round that left something open the next one comes this much later, and twice as much after each further one. */
const FIRST_WAIT_MS = 2000
const LONGEST_WAIT_MS = 5 * 60_000
/** A server that does not take that a device was taken back is told so often during a connection: for half an hour. */
const TELLINGS = 12
/** Approvals that may wait for rounds that are under way. */
const ROUNDS_WAITING = 16

/** What rounds need of whoever keeps the connection. */
export interface RoundsOptions {
  readonly isOnline: () => boolean
  /** It is time for the next round: calls {@link OwnDeviceRounds.goOn}, and deals with its failures. */
  readonly onDue: () => void
}

/**
 * Brings approved devices into the groups that lack them for as long as a connection lasts: a device that was just approved has no key
 * packages at the server yet, and nobody tells us when it has. And takes those that we took back out of groups that still have them:
 * whoever invited us before may let such a device in with us, long after that.
 */
export class OwnDeviceRounds {
  readonly #context: Context
  readonly #options: RoundsOptions
  /** Two rounds at a time would take two key packages for one place. */
  readonly #turn = new Turn(ROUNDS_WAITING)
  /** The places that this connection asked a group for: at most {@link DEVICES_PER_PERSON} for each of our groups. */
  readonly #asked = new Set<string>()
  #waitMs = FIRST_WAIT_MS
  #tellings = 0
  #timer: Disposable | undefined

  constructor(context: Context, options: RoundsOptions) {
    this.#context = context
    this.#options = options
  }

  /** A round now, and further ones soon. @throws ClientError `store_…`, `busy` */
  begin(call: Call): Promise<void> {
    this.#waitMs = FIRST_WAIT_MS
    return this.#round(call)
  }

  /** A round now, and further ones as before. The server is told too what it has not taken. @throws ClientError `store_…`, `busy` */
  goOn(call: Call): Promise<void> {
    return this.#round(call, async () => {
      if (!this.#mayTell) return
      this.#tellings += 1
      await tellRemovals(this.#context, call)
    })
  }

  #round(call: Call, tell: () => Promise<void> = async () => {}): Promise<void> {
    return this.#turn.take(async () => {
      // The groups first: a server that does not answer must not keep a device in.
      await removeOwnDevices(this.#context)
      await tell()
      await addOwnDevices(this.#context, call, this.#asked)
      this.#stopTimer()
      this.plan()
    })
  }

  /** Sees to it that there is a next round if a device is missing or too many somewhere. Call it when groups or members have changed. */
  plan(): void {
    if (this.#timer !== undefined || !this.#options.isOnline()) return
    if (!lacksOwnDevices(this.#context, this.#asked) && !this.#hasRemovals) {
      this.#waitMs = FIRST_WAIT_MS
      return
    }
    this.#timer = this.#context.clock.setTimer(this.#waitMs, () => {
      this.#timer = undefined
      this.#waitMs = Math.min(LONGEST_WAIT_MS, 2 * this.#waitMs)
      this.#options.onDue()
    })
  }

  /** The same, and soon where a device is in that we took back, or the server does not know. Call it when we came into a group, or took a device back. */
  planSoon(): void {
    if (this.#waitMs > FIRST_WAIT_MS && this.#hasRemovals) {
      this.#stopTimer()
      this.#waitMs = FIRST_WAIT_MS
    }
    this.plan()
  }

  /** The connection is gone; the next one begins anew. */
  end(): void {
    this.#stopTimer()
    this.#asked.clear()
    this.#tellings = 0
  }

  get #mayTell(): boolean {
    return this.#tellings < TELLINGS && hasUntoldRemovals(this.#context)
  }

  get #hasRemovals(): boolean {
    return this.#mayTell || hasRemovedDevices(this.#context)
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }
}
