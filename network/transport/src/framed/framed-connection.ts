import type { Connection } from "../connection.ts"
import { TransportError } from "../connection.ts"
import { AnswerWatch } from "./answer-watch.ts"
import type { BytePipe, PipeSink } from "./byte-pipe.ts"
import { FrameReader, INITIAL_CREDIT_BYTES } from "./frame.ts"
import type { FrameHandler } from "./frame.ts"
import { ReceiveSide } from "./receive.ts"
import { SendSide } from "./send.ts"

/** Bounds of one connection; the defaults suit a server with thousands of them. */
export interface ConnectionLimits {
  /** Bytes held for a reader that does not read; then the peer must wait. At least 64 KiB. Default 512 KiB. */
  readonly windowBytes?: number
  /** Bytes that may wait for the peer's reader; one more write fails the connection. Default 8 MiB. */
  readonly maxWaitingBytes?: number
  /** A peer that was silent for this long is asked whether it is alive; 0 for never. Default 10 s. */
  readonly keepAliveMs?: number
  /** A peer that left so many questions unanswered, one every `keepAliveMs`, is gone. Default 3. */
  readonly missedKeepAlives?: number
  /** A peer that was written to and is silent for this long is asked, too, and then given up; 0 for never. Default 2.5 s. */
  readonly answerWithinMs?: number
  /** How long `close` waits for the peer to take what was written. Default 1 s. */
  readonly closeTimeoutMs?: number
}

/** Which pipe, and how a connection over it presents itself. */
export interface FramedOptions extends ConnectionLimits {
  readonly kind: Connection["kind"]
  readonly peerAddress: string
  /** Runs a task after the code that is running now. Default `queueMicrotask`; `process.nextTick` gathers more. */
  readonly defer?: (task: () => void) => void
}

/**
 * Keeps the promises of `Connection` over any pipe of bytes: back-pressure by credit, `finish` and `close` as frames,
 * keep-alives. The bytes in the pipe are the same whatever the pipe is.
 *
 * Both sides of a pipe must use it. @throws RangeError for a window below 64 KiB
 */
export function framedConnection(pipe: BytePipe, options: FramedOptions): Connection {
  if ((options.windowBytes ?? INITIAL_CREDIT_BYTES) < INITIAL_CREDIT_BYTES) {
    throw new RangeError(`windowBytes is at least ${INITIAL_CREDIT_BYTES}`)
  }
  const connection = new FramedConnection(pipe, options)
  connection.open()
  return connection
}

class FramedConnection implements Connection {
  readonly kind: Connection["kind"]
  readonly peerAddress: string
  readonly #pipe: BytePipe
  readonly #options: FramedOptions
  readonly #send: SendSide
  readonly #receive: ReceiveSide
  readonly #answers: AnswerWatch
  readonly #released = Promise.withResolvers<void>()
  #at: "open" | "closing" | "released" = "open"
  #peerFinished = false
  #keepAlive: { stop(): void; heard: boolean; quietPeriods: number } | undefined
  #closeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(pipe: BytePipe, options: FramedOptions) {
    this.kind = options.kind
    this.peerAddress = options.peerAddress
    this.#pipe = pipe
    this.#options = options
    this.#send = new SendSide(pipe, {
      maxWaitingBytes: options.maxWaitingBytes ?? 8_388_608,
      defer: options.defer ?? ((task) => queueMicrotask(task)),
      overflowed: (error) => this.#abort(error, "overflow"),
    })
    this.#answers = new AnswerWatch(options.answerWithinMs ?? 2_500, {
      ask: () => this.#send.ping(),
      gone: () => this.#pipeEnded(new Error("the peer did not answer")),
    })
    this.#receive = new ReceiveSide(options.windowBytes ?? 524_288, {
      grant: (bytes) => this.#send.grant(bytes),
      left: async () => await this.close(),
    })
  }

  get incoming(): AsyncIterable<Uint8Array> {
    return this.#receive.reader
  }

  open(): void {
    this.#pipe.open(this.#sink())
    this.#receive.open()
    // The other side of a QUIC stream learns of it by its first bytes, and a window may be just the initial one.
    this.#send.pong()
    this.#startKeepAlive()
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#at === "open") this.#answers.wrote(bytes.length)
    await this.#send.write(bytes)
  }

  async finish(): Promise<void> {
    await this.#send.finish()
    this.#releaseIfBothFinished()
  }

  async close(reason = ""): Promise<void> {
    this.#abort(new TransportError("closed", "this side closed the connection"), reason)
    await this.#released.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #sink(): PipeSink {
    const frames = new FrameReader(this.#frameHandler())
    return {
      received: (bytes) => {
        if (this.#at !== "open") return
        if (this.#keepAlive) this.#keepAlive.heard = true
        this.#answers.heard()
        const violation = frames.push(bytes)
        if (violation !== undefined) this.#refuse(violation)
      },
      drained: () => this.#send.drained(),
      ended: () => this.#pipeEnded(undefined),
      broken: (cause) => this.#pipeEnded(cause),
    }
  }

  #frameHandler(): FrameHandler {
    return {
      data: (bytes) => {
        const violation = this.#receive.received(bytes)
        if (violation !== undefined) this.#refuse(violation)
      },
      credit: (bytes) => {
        const violation = this.#send.granted(bytes)
        if (violation !== undefined) this.#refuse(violation)
      },
      finish: () => {
        this.#peerFinished = true
        this.#receive.close()
        this.#releaseIfBothFinished()
      },
      close: (reason) => this.#closedByPeer(reason),
      ping: () => this.#send.pong(),
      pong: () => {}, // That something arrived is all that counts.
    }
  }

  #closedByPeer(peerReason: string): void {
    const message = peerReason === "" ? "the peer closed the connection" : `the peer closed: ${peerReason}`
    const error = new TransportError("closed", message, { peerReason })
    this.#receive.close(error)
    this.#send.abandon(error)
    this.#endPipe()
  }

  /** The peer broke the rules: what it sent is not to be trusted. */
  #refuse(violation: string): void {
    const code = violation.startsWith("more data") ? "overflow" : "protocol"
    this.#abort(new TransportError(code, `the peer sent ${violation}; it does not speak this protocol`), violation)
  }

  #abort(error: TransportError, reason: string): void {
    this.#receive.fail(error)
    if (this.#at !== "open") return
    this.#send.close(reason, error)
    this.#endPipe()
  }

  #pipeEnded(cause: unknown): void {
    if (this.#at === "open") {
      const error = new TransportError("closed", "the connection was cut; connect again", { cause })
      this.#receive.close(error)
      this.#send.abandon(error)
    }
    this.#release("")
  }

  #releaseIfBothFinished(): void {
    if (this.#at !== "open" || !this.#peerFinished || !this.#send.isFinished) return
    this.#send.abandon(new TransportError("closed", "both sides finished"))
    this.#endPipe()
  }

  /** Ends our direction and gives the peer a moment to take what is under way and to end its own. */
  #endPipe(): void {
    if (this.#at !== "open") return
    this.#at = "closing"
    this.#keepAlive?.stop()
    this.#answers.stop()
    this.#pipe.end()
    this.#closeTimer = setTimeout(() => this.#release("the peer did not end"), this.#options.closeTimeoutMs ?? 1_000)
  }

  #release(reason: string): void {
    if (this.#at === "released") return
    this.#at = "released"
    this.#keepAlive?.stop()
    this.#answers.stop()
    clearTimeout(this.#closeTimer)
    void this.#pipe.destroy(reason).then(this.#released.resolve)
  }

  #startKeepAlive(): void {
    const periodMs = this.#options.keepAliveMs ?? 10_000
    if (periodMs === 0) return
    const timer = setInterval(() => this.#keepAliveDue(), periodMs)
    this.#keepAlive = { stop: () => clearInterval(timer), heard: true, quietPeriods: 0 }
  }

  #keepAliveDue(): void {
    const state = this.#keepAlive!
    state.quietPeriods = state.heard ? 0 : state.quietPeriods + 1
    state.heard = false
    if (state.quietPeriods > (this.#options.missedKeepAlives ?? 3)) {
      return this.#pipeEnded(new Error(`nothing arrived for ${state.quietPeriods} keep-alive periods`))
    }
    if (state.quietPeriods > 0) this.#send.ping()
  }
}
