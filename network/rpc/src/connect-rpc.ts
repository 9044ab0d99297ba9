import type { Message } from "@bufbuild/protobuf"
import { TransportError, type Connection } from "@qpc/transport"
import { checkDeadline, systemClock, type Clock } from "./clock.ts"
import { decodeMessage, encodeMessage } from "./codec.ts"
import {
  aborted,
  closedHere,
  connectionLost,
  notConnected,
  publicReason,
  toTransportError,
  tooManyCalls,
  type ConnectionEnd,
} from "./connection-end.ts"
import { eventById, type Push } from "./event.ts"
import { FrameWriter } from "./frame-writer.ts"
import { ErrorSchema } from "./gen/qpc/v1/common_pb.ts"
import { defaultClientLimits, withDefaults, type RpcClientLimits } from "./limits.ts"
import type { Method, RequestInitOf, ResponseOf } from "./method.ts"
import { ProtocolError } from "./protocol-error.ts"
import { PushQueue } from "./push-queue.ts"
import { serverFrameReceiver, type ServerFrame } from "./receive.ts"
import type { CallOptions, ConnectRpcOptions, RpcClient } from "./rpc-client.ts"
import { RpcError } from "./rpc-error.ts"
import { encodeCancel, encodeRequest } from "./send.ts"

/** Makes the calling side of `connection`, which it owns from now on. */
export function connectRpc(connection: Connection, options: ConnectRpcOptions = {}): RpcClient {
  return new Client(connection, options)
}

/** A call from its first moment to its answer. */
interface OutgoingCall {
  readonly method: Method
  readonly payload: Uint8Array
  readonly resolve: (response: Message) => void
  readonly reject: (error: unknown) => void
  /** Stops its timer and its listener. */
  release: () => void
  /** Set once the request is on its way. */
  requestId: number | undefined
  /** True once the caller has its outcome; the server's answer is then still awaited, because its id is in use. */
  isSettled: boolean
}

type ResponseFrame = ServerFrame & { readonly kind: "response" }
type PushFrame = ServerFrame & { readonly kind: "push" }

class Client implements RpcClient {
  readonly pushes: PushQueue<Push>
  readonly closed: Promise<ConnectionEnd>
  readonly #connection: Connection
  readonly #options: ConnectRpcOptions
  readonly #limits: RpcClientLimits
  readonly #clock: Clock
  readonly #writer: FrameWriter
  readonly #resolveClosed: (end: ConnectionEnd) => void
  /** By request id: sent and not answered. */
  readonly #outstanding = new Map<number, OutgoingCall>()
  /** In order of arrival: not sent, because too many are outstanding. */
  readonly #waiting = new Set<OutgoingCall>()
  #lastRequestId = 0
  #lastSequence = 0n
  #hasEnded = false

  constructor(connection: Connection, options: ConnectRpcOptions) {
    this.#connection = connection
    this.#options = options
    this.#limits = withDefaults(defaultClientLimits, options.limits)
    this.#clock = options.clock ?? systemClock
    this.pushes = new PushQueue({
      maxItems: this.#limits.maxUnreadPushes,
      maxBytes: this.#limits.maxUnreadPushBytes,
      onAbandoned: () => this.#end(undefined, "the reader of pushes left"),
    })
    this.#writer = new FrameWriter(connection, {
      clock: this.#clock,
      writeStallMs: this.#limits.writeStallMs,
      onFailure: (error) => this.#end(toTransportError(error), "writing failed"),
    })
    const { promise, resolve } = Promise.withResolvers<ConnectionEnd>()
    this.closed = promise
    this.#resolveClosed = resolve
    void this.#read()
  }

  async call<M extends Method>(
    method: M,
    request: RequestInitOf<M>,
    { deadlineMs = this.#limits.deadlineMs, signal }: CallOptions = {},
  ): Promise<ResponseOf<M>> {
    checkDeadline(deadlineMs)
    if (signal?.aborted === true) throw aborted(signal)
    if (this.#hasEnded) throw notConnected()
    const payload = encodeMessage(method.request as M["request"], request)
    const maxBytes = Math.min(method.maxRequestBytes, this.#limits.maxPayloadBytes)
    if (payload.length > maxBytes) throw requestTooLarge(method, payload.length, maxBytes)
    if (
      this.#outstanding.size >= this.#limits.maxOutstandingCalls &&
      this.#waiting.size >= this.#limits.maxWaitingCalls
    ) {
      throw tooManyCalls()
    }
    const response = await new Promise<Message>((resolve, reject) => {
      const call = { method, payload, resolve, reject, release: () => {}, requestId: undefined, isSettled: false }
      this.#limitTime(call, deadlineMs, signal)
      this.#waiting.add(call)
      this.#sendWaiting()
    })
    return response as ResponseOf<M>
  }

  get isOpen(): boolean {
    return !this.#hasEnded
  }

  async close(reason = "closed"): Promise<void> {
    this.#end(undefined, reason)
    await this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #limitTime(call: OutgoingCall, deadlineMs: number, signal: AbortSignal | undefined): void {
    const timer = this.#clock.setTimer(deadlineMs, () => {
      this.#abandon(
        call,
        new RpcError("deadline_exceeded", "deadline", `${call.method.name}: no answer in ${deadlineMs} ms.`),
      )
    })
    const onAbort = (): void => this.#abandon(call, aborted(signal))
    signal?.addEventListener("abort", onAbort, { once: true })
    call.release = () => {
      timer[Symbol.dispose]()
      signal?.removeEventListener("abort", onAbort)
    }
  }

  #sendWaiting(): void {
    for (const call of this.#waiting) {
      if (this.#outstanding.size >= this.#limits.maxOutstandingCalls) return
      this.#waiting.delete(call)
      const requestId = this.#freeRequestId()
      call.requestId = requestId
      this.#outstanding.set(requestId, call)
      void this.#writer.send(encodeRequest(call.method.id, requestId, call.payload))
      this.#trace("down", "request", call.method.name, requestId, call.payload.length)
    }
  }

  /** Ids wrap around; one that is still in use is passed over. */
  #freeRequestId(): number {
    do this.#lastRequestId = (this.#lastRequestId + 1) >>> 0
    while (this.#outstanding.has(this.#lastRequestId))
    return this.#lastRequestId
  }

  #settle(call: OutgoingCall): boolean {
    if (call.isSettled) return false
    call.isSettled = true
    call.release()
    return true
  }

  #abandon(call: OutgoingCall, error: RpcError): void {
    if (!this.#settle(call)) return
    call.reject(error)
    if (this.#waiting.delete(call) || call.requestId === undefined) return
    void this.#writer.send(encodeCancel(call.requestId))
    this.#trace("down", "cancel", call.method.name, call.requestId, 0)
    // A server that confirms nothing is not there any more, whatever the transport believes.
    const grace = this.#clock.setTimer(this.#limits.cancelGraceMs, () => {
      this.#end(
        new TransportError("closed", "the server stopped answering; connect again"),
        "no answer to a cancellation",
      )
    })
    call.release = () => grace[Symbol.dispose]()
  }

  /** Never rejects: whatever ends the reading ends the connection. */
  async #read(): Promise<void> {
    const receiver = serverFrameReceiver(this.#limits.maxPayloadBytes)
    try {
      for await (const chunk of this.#connection.incoming) {
        const { frames, violation } = receiver.receive(chunk)
        const end = this.#takeAll(frames) ?? violation
        if (end) return this.#end(end)
        if (this.#hasEnded) return
      }
      this.#end(receiver.end() ?? new TransportError("closed", "the server ended the connection"))
    } catch (error) {
      this.#end(toTransportError(error))
    }
  }

  #takeAll(frames: readonly ServerFrame[]): ConnectionEnd {
    for (const frame of frames) {
      const end = frame.kind === "response" ? this.#takeResponse(frame) : this.#takePush(frame)
      if (end) return end
    }
    this.#sendWaiting()
    return undefined
  }

  #takeResponse({ status, requestId, payload }: ResponseFrame): ConnectionEnd {
    const call = this.#outstanding.get(requestId)
    if (!call) return new ProtocolError("unknown_response", `nothing was asked under the id ${requestId}`)
    this.#trace("up", "response", call.method.name, requestId, payload.length)
    const response = status === "ok" ? decodeMessage(call.method.response, payload) : undefined
    const failure = status === "ok" ? undefined : decodeMessage(ErrorSchema, payload)
    if (!response && !failure)
      return new ProtocolError("malformed_message", `the answer to ${call.method.name} is not one`)
    this.#outstanding.delete(requestId)
    if (!this.#settle(call)) call.release()
    else if (response) call.resolve(response)
    else if (failure && status !== "ok") {
      const { reason, message, retryAfterMs } = failure
      call.reject(new RpcError(status, reason, message, { retryAfterMs }))
    }
    return undefined
  }

  #takePush({ eventId, sequence, payload }: PushFrame): ConnectionEnd {
    if (sequence !== this.#lastSequence + 1n) {
      return new ProtocolError("sequence_gap", `push ${sequence} followed push ${this.#lastSequence}`)
    }
    this.#lastSequence = sequence
    const event = eventById(eventId)
    this.#trace("up", "push", event?.name ?? "unknown", sequence, payload.length)
    if (!event) return undefined
    const message = decodeMessage(event.message, payload)
    if (!message) return new ProtocolError("malformed_message", `push ${sequence} is no ${event.name}`)
    const push = { name: event.name, sequence, message } as Push
    if (push.name === "goingAway") this.#options.onGoingAway?.(push.message)
    if (this.pushes.push(push, payload.length)) return undefined
    return new TransportError("overflow", "pushes arrived faster than they were read; connect again")
  }

  #trace(
    direction: "down" | "up",
    kind: "request" | "response" | "cancel" | "push",
    name: string,
    id: number | bigint,
    payloadBytes: number,
  ): void {
    this.#options.onFrame?.({ direction, kind, name, id, payloadBytes })
  }

  #end(end: ConnectionEnd, reason: string = publicReason(end)): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const lost = end ? connectionLost(end) : closedHere()
    for (const call of this.#outstanding.values()) {
      if (this.#settle(call)) call.reject(lost)
      else call.release()
    }
    for (const call of this.#waiting) if (this.#settle(call)) call.reject(end ? notConnected(end) : lost)
    this.#outstanding.clear()
    this.#waiting.clear()
    this.#writer.fail(lost)
    if (end instanceof ProtocolError) this.pushes.fail(end)
    else this.pushes.close(end ? { error: end } : {})
    void this.#release(end, reason)
  }

  async #release(end: ConnectionEnd, reason: string): Promise<void> {
    await this.#connection.close(reason).catch(() => {}) // It is over either way.
    this.#resolveClosed(end)
  }
}

function requestTooLarge(method: Method, sizeBytes: number, maxBytes: number): RpcError {
  const message = `${method.name} takes at most ${maxBytes} bytes, not ${sizeBytes}; send less at once.`
  return new RpcError("invalid_argument", "request_too_large", message)
}
