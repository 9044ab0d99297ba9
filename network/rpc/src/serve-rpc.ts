import type { Message } from "@bufbuild/protobuf"
import { TransportError, type Connection } from "@qpc/transport"
import { toHex } from "@qpc/wire"
import { systemClock, withTimer, type Clock } from "./clock.ts"
import { decodeMessage, encodeMessage } from "./codec.ts"
import { connectionLost, publicReason, toTransportError, type ConnectionEnd } from "./connection-end.ts"
import type { Event, EventInitOf } from "./event.ts"
import { FrameWriter } from "./frame-writer.ts"
import { ErrorSchema } from "./gen/qpc/v1/common_pb.ts"
import { defaultServerLimits, withDefaults, type RpcServerLimits } from "./limits.ts"
import { methodById, type Method, type MethodName } from "./method.ts"
import { platformRandom } from "./platform-random.ts"
import { ProtocolError } from "./protocol-error.ts"
import { clientFrameReceiver, type ClientFrame } from "./receive.ts"
import { RpcError } from "./rpc-error.ts"
import type { RpcServerConnection, ServedCallInfo, ServeRpcOptions } from "./rpc-server.ts"
import { encodePush, encodeResponse } from "./send.ts"
import type { StatusName } from "./status.ts"

/** Makes the answering side of `connection`, which it owns from now on. */
export function serveRpc<C>(connection: Connection, options: ServeRpcOptions<C>): RpcServerConnection {
  return new ServedConnection(connection, options)
}

type RequestFrame = ClientFrame & { readonly kind: "request" | "overlong" }

/** Enough for any method that needs no session: strangers get no more of our memory. */
const KEPT_BYTES_OF_STRANGERS = 16 * 1024
/** What a wish of the server has room for, in milliseconds. */
const UINT32_MAX = 0xffff_ffff

interface ServedCall {
  readonly requestId: number
  readonly method: Method | undefined
  readonly requestBytes: number
  readonly startedMs: number
  readonly controller: AbortController
  readonly timer: Disposable
  /** Present once answered; resolves when the transport has taken the answer, or never will. */
  written: Promise<void> | undefined
}

interface Answer {
  readonly status: StatusName
  readonly payload: Uint8Array
}

class ServedConnection<C> implements RpcServerConnection {
  readonly closed: Promise<ConnectionEnd>
  readonly #connection: Connection
  readonly #options: ServeRpcOptions<C>
  readonly #limits: RpcServerLimits
  readonly #clock: Clock
  readonly #writer: FrameWriter
  readonly #resolveClosed: (end: ConnectionEnd) => void
  readonly #unanswered = new Map<number, ServedCall>()
  /** Whoever waits for a call to be over: the reading loop for room, `drain` for idleness. */
  readonly #onRelease = new Set<() => void>()
  /** Resolves when the last call with a large answer is over; never rejects. */
  #largeAnswers: Promise<void> = Promise.resolve()
  #runningCalls = 0
  #queuedPushes = 0
  #queuedPushBytes = 0
  #lastSequence = 0n
  #isDraining = false
  #hasEnded = false

  constructor(connection: Connection, options: ServeRpcOptions<C>) {
    this.#connection = connection
    this.#options = options
    this.#limits = withDefaults(defaultServerLimits, options.limits)
    this.#clock = options.clock ?? systemClock
    this.#writer = new FrameWriter(connection, {
      clock: this.#clock,
      writeStallMs: this.#limits.writeStallMs,
      onFailure: (error) => this.#end(toTransportError(error)),
    })
    const { promise, resolve } = Promise.withResolvers<ConnectionEnd>()
    this.closed = promise
    this.#resolveClosed = resolve
    void this.#read()
  }

  get runningCalls(): number {
    return this.#runningCalls
  }

  async push<E extends Event>(event: E, message: EventInitOf<E>): Promise<void> {
    const payload = encodeMessage(event.message as E["message"], message)
    const { maxPayloadBytes, maxQueuedPushes, maxQueuedPushBytes } = this.#limits
    if (payload.length > maxPayloadBytes) throw new RangeError(`${event.name} of ${payload.length} bytes`)
    if (this.#hasEnded) throw connectionLost(undefined)
    const isOverBytes = this.#queuedPushes > 0 && this.#queuedPushBytes + payload.length > maxQueuedPushBytes
    if (this.#queuedPushes >= maxQueuedPushes || isOverBytes) {
      this.#end(new TransportError("overflow", "the client reads pushes too slowly"))
      throw connectionLost(undefined)
    }
    this.#queuedPushes += 1
    this.#queuedPushBytes += payload.length
    try {
      await this.#writer.send(encodePush(event.id, ++this.#lastSequence, payload))
    } catch (error) {
      throw connectionLost(error)
    } finally {
      this.#queuedPushes -= 1
      this.#queuedPushBytes -= payload.length
    }
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true
    const stop = (): void => this.#end(undefined, "draining took too long")
    await withTimer(this.#clock, timeoutMs, stop, async () => {
      while (this.#runningCalls > 0 && !this.#hasEnded) await this.#released()
      await this.#writer.flushed()
    })
    await this.close("going away")
  }

  async close(reason = "closed"): Promise<void> {
    this.#end(undefined, reason)
    await this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Never rejects: whatever ends the reading ends the connection. */
  async #read(): Promise<void> {
    const receiver = clientFrameReceiver(this.#limits.maxPayloadBytes, (methodId) => this.#keptBytesOf(methodId))
    try {
      for await (const chunk of this.#connection.incoming) {
        const { frames, violation } = receiver.receive(chunk)
        for (const frame of frames) {
          const room = this.#take(frame)
          if (room) await room
        }
        if (violation) this.#end(violation)
        if (this.#hasEnded) break
      }
      const truncated = receiver.end()
      if (truncated) this.#end(truncated)
    } catch (error) {
      this.#end(toTransportError(error))
    }
    // The client will ask nothing more, but it may still be listening for what it asked.
    if (!this.#hasEnded && !this.#isDraining) await this.drain(this.#limits.callTimeoutMs)
  }

  /** How long a payload is kept; a longer one would be refused anyway. */
  #keptBytesOf(methodId: number): number {
    const method = methodById(methodId)
    if (!method) return 0
    const isOfStranger = method.needsSession && !this.#hasSession()
    return isOfStranger ? Math.min(KEPT_BYTES_OF_STRANGERS, method.maxRequestBytes) : method.maxRequestBytes
  }

  #hasSession(): boolean {
    const { hasSession, context } = this.#options
    return hasSession?.(context) !== false
  }

  /** Returns a promise only when reading has to pause: most frames cost no turn of the event loop. */
  #take(frame: ClientFrame): Promise<void> | undefined {
    if (this.#hasEnded) return undefined
    if (frame.kind === "cancel") {
      // It may have crossed the answer on the way; then there is nothing left to cancel.
      const call = this.#unanswered.get(frame.requestId)
      if (call) this.#abort(call, new RpcError("cancelled", "cancelled", "The client cancelled the call."))
      return undefined
    }
    if (this.#unanswered.has(frame.requestId)) {
      this.#end(new ProtocolError("duplicate_request", `the id ${frame.requestId} is waiting for its answer`))
      return undefined
    }
    const call = this.#open(frame)
    const serve = async (): Promise<void> => this.#serve(call, frame.kind === "request" ? frame.payload : undefined)
    if (call.method?.hasLargeAnswer === true) this.#largeAnswers = this.#largeAnswers.then(serve)
    else void serve()
    return this.#runningCalls < this.#limits.maxConcurrentCalls ? undefined : this.#room()
  }

  async #room(): Promise<void> {
    while (this.#runningCalls >= this.#limits.maxConcurrentCalls && !this.#hasEnded) await this.#released()
  }

  #released(): Promise<void> {
    return new Promise((resolve) => this.#onRelease.add(resolve))
  }

  #open(frame: RequestFrame): ServedCall {
    const { requestId, methodId } = frame
    const { callTimeoutMs } = this.#limits
    const call: ServedCall = {
      requestId,
      method: methodById(methodId),
      requestBytes: frame.kind === "request" ? frame.payload.length : frame.payloadBytes,
      startedMs: this.#clock.nowMs(),
      controller: new AbortController(),
      timer: this.#clock.setTimer(callTimeoutMs, () => {
        this.#abort(call, new RpcError("deadline_exceeded", "timeout", `The server gave up after ${callTimeoutMs} ms.`))
      }),
      written: undefined,
    }
    this.#unanswered.set(requestId, call)
    this.#runningCalls += 1
    return call
  }

  /**
   * Never rejects. The place is kept until the handler is done and its answer is taken: a client that cancels its calls
   * or does not read its answers gets no more work out of us than any other.
   */
  async #serve(call: ServedCall, payload: Uint8Array | undefined): Promise<void> {
    // It may have waited for its turn until nobody wanted it any more.
    if (!call.written) this.#answer(call, await this.#perform(call, payload))
    await call.written
    this.#runningCalls -= 1
    this.#wakeAll()
  }

  #wakeAll(): void {
    const waiters = [...this.#onRelease]
    this.#onRelease.clear()
    for (const wake of waiters) wake()
  }

  async #perform(call: ServedCall, payload: Uint8Array | undefined): Promise<Answer> {
    try {
      return { status: "ok", payload: await this.#invoke(call, payload) }
    } catch (error) {
      return failureAnswer(error instanceof RpcError ? error : this.#fault(call, error))
    }
  }

  /** @param payload - undefined if it was too long to be kept */
  async #invoke(
    { method, controller, requestBytes }: ServedCall,
    payload: Uint8Array | undefined,
  ): Promise<Uint8Array> {
    const { handlers, context } = this.#options
    if (this.#isDraining) throw new RpcError("unavailable", "going_away", "The server is about to stop; connect again.")
    if (!method)
      throw new RpcError("unimplemented", "method_unknown", "The server does not know this method; update it.")
    if (requestBytes > method.maxRequestBytes) {
      throw new RpcError(
        "invalid_argument",
        "request_too_large",
        `At most ${method.maxRequestBytes} bytes are allowed.`,
      )
    }
    if (payload === undefined || (method.needsSession && !this.#hasSession())) {
      throw new RpcError("unauthenticated", "session_required", "Log in or resume a session on this connection first.")
    }
    const request = decodeMessage(method.request, payload)
    if (!request) throw new RpcError("invalid_argument", "malformed_request", `This is no ${method.name} request.`)
    const handler = handlers[method.name] as UntypedHandler<C>
    const { signal } = controller
    const response = encodeMessage(method.response, (await handler(request, context, { signal })) as never)
    if (response.length <= this.#limits.maxPayloadBytes) return response
    throw new Error(`unreachable: an answer to ${method.name} of ${response.length} bytes`)
  }

  #fault(call: ServedCall, error: unknown): RpcError {
    const correlationId = toHex((this.#options.random ?? platformRandom)(8))
    const method = call.method?.name
    // A handler that stops because it was told to has done nothing wrong.
    const isObedient = call.controller.signal.aborted && error instanceof Error && error.name === "AbortError"
    if (method && !isObedient) this.#options.onFault?.({ method, correlationId, error })
    return new RpcError(
      "internal",
      "internal",
      `The server failed. Its operator finds the cause under ${correlationId}.`,
    )
  }

  #abort(call: ServedCall, reason: RpcError): void {
    this.#answer(call, failureAnswer(reason))
    call.controller.abort(reason)
  }

  /** Only the first answer of a call counts. */
  #answer(call: ServedCall, { status, payload }: Answer): void {
    if (call.written) return
    call.timer[Symbol.dispose]()
    this.#unanswered.delete(call.requestId)
    // A failed write ends the connection through the writer's onFailure.
    call.written = this.#writer.send(encodeResponse(status, call.requestId, payload)).catch(() => {})
    const method: MethodName | "unknown" = call.method?.name ?? "unknown"
    const durationMs = this.#clock.nowMs() - call.startedMs
    const { requestBytes } = call
    this.#options.onCall?.({ method, status, durationMs, requestBytes, responseBytes: payload.length })
  }

  #end(end: ConnectionEnd, reason: string = publicReason(end)): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const lost = connectionLost(end)
    this.#writer.fail(lost)
    for (const call of this.#unanswered.values()) this.#abort(call, lost)
    this.#wakeAll()
    void this.#release(end, reason)
  }

  async #release(end: ConnectionEnd, reason: string): Promise<void> {
    await this.#connection.close(reason).catch(() => {}) // It is over either way.
    this.#resolveClosed(end)
  }
}

type UntypedHandler<C> = (request: Message, context: C, call: ServedCallInfo) => Promise<unknown>

/** A wish beyond the 32 bits of its field is cut: a refusal must not fail. */
function failureAnswer({ code, reason, message, retryAfterMs }: RpcError): Answer {
  const wish = Math.min(retryAfterMs, UINT32_MAX)
  return { status: code, payload: encodeMessage(ErrorSchema, { reason, message, retryAfterMs: wish }) }
}
