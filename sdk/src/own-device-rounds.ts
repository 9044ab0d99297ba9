import type { Context } from "./context.ts"
import { hasUntoldRemovals, tellRemovals } from "./devices.ts"
import { addOwnDevices, hasRemovedDevices, lacksOwnDevices, removeOwnDevices } from "./group-devices.ts"
import type { Call } from "./outbox.ts"
import { Tellings } from "./tellings.ts"
import { Turn } from "./turn.ts"

/** After a round that left something open the next one comes this much later, and twice as much after each further one. */
const FIRST_WAIT_MS = 2000
const LONGEST_WAIT_MS = 5 * 60_000
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
  /** Of the devices that we took back, to the server. */
  readonly #tellings = new Tellings()
  #timer: Disposable | undefined

  constructor(context: Context, options: RoundsOptions) {
    this.#context = context
    this.#options = options
  }

  /**
   * Carries on with the devices that we took back: in groups that have them, and with a server that has not taken it. Call it first on a
   * connection. @throws ClientError `store_…`, `busy`
   */
  finishRemovals(call: Call): Promise<void> {
    return this.#turn.take(async () => {
      await removeOwnDevices(this.#context)
      await this.#tell(call)
    })
  }

  /** A round now, and further ones soon. @throws ClientError `store_…`, `busy` */
  begin(call: Call): Promise<void> {
    this.#waitMs = FIRST_WAIT_MS
    return this.#round(call)
  }

  /** A round now, and further ones as before. The server is told too what it has not taken. @throws ClientError `store_…`, `busy` */
  goOn(call: Call): Promise<void> {
    return this.#round(call, () => this.#tell(call))
  }

  async #tell(call: Call): Promise<void> {
    const nowMs = this.#context.clock.nowMs()
    if (!hasUntoldRemovals(this.#context) || this.#tellings.leftMs(nowMs) > 0) return
    this.#tellings.said(nowMs)
    await tellRemovals(this.#context, call)
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
    const { clock } = this.#context
    const isOpen = lacksOwnDevices(this.#context, this.#asked) || hasRemovedDevices(this.#context)
    if (!isOpen) this.#waitMs = FIRST_WAIT_MS
    if (!isOpen && !hasUntoldRemovals(this.#context)) return
    // Where only the server is to hear of it, nothing else is to be done before that.
    const waitMs = isOpen ? this.#waitMs : Math.max(FIRST_WAIT_MS, this.#tellings.leftMs(clock.nowMs()))
    this.#timer = clock.setTimer(waitMs, () => {
      this.#timer = undefined
      this.#waitMs = Math.min(LONGEST_WAIT_MS, 2 * this.#waitMs)
      this.#options.onDue()
    })
  }

  /** The same, and soon. Call it when we took a device back. */
  planForRemoved(): void {
    this.#tellings.beginAnew()
    this.#stopTimer()
    this.#waitMs = FIRST_WAIT_MS
    this.plan()
  }

  /** The same, and soon where a device is in that we took back. Call it when we came into a group. */
  planSoon(): void {
    if (this.#waitMs > FIRST_WAIT_MS && hasRemovedDevices(this.#context)) {
      this.#stopTimer()
      this.#waitMs = FIRST_WAIT_MS
    }
    this.plan()
  }

  /** The connection is gone; the next one begins anew. */
  end(): void {
    this.#stopTimer()
    this.#asked.clear()
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }
}
