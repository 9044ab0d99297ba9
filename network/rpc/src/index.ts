/** Calls, pushes and status codes over any connection. @module */
export { defaultBackoff } from "./backoff.ts"
export type { Backoff } from "./backoff.ts"
export { systemClock } from "./clock.ts"
export type { Clock } from "./clock.ts"
export { connectRpc } from "./connect-rpc.ts"
export type { ConnectionEnd } from "./connection-end.ts"
export { events } from "./event.ts"
export type { Event, EventInitOf, EventName, EventRow, Events, Push } from "./event.ts"
export { defaultClientLimits, defaultServerLimits, MAX_PAYLOAD_BYTES } from "./limits.ts"
export type { RpcClientLimits, RpcServerLimits } from "./limits.ts"
export { methods } from "./method.ts"
export type {
  Method,
  MethodName,
  MethodRow,
  Methods,
  RequestInitOf,
  RequestOf,
  ResponseInitOf,
  ResponseOf,
} from "./method.ts"
export { ProtocolError } from "./protocol-error.ts"
export type { ProtocolErrorCode } from "./protocol-error.ts"
export { ReconnectingRpc } from "./reconnecting-rpc.ts"
export type { ReconnectingRpcOptions, ReconnectState } from "./reconnecting-rpc.ts"
export type { CallOptions, ConnectRpcOptions, RpcClient, TracedFrame } from "./rpc-client.ts"
export { RpcError } from "./rpc-error.ts"
export type { RpcErrorCode, RpcErrorOptions } from "./rpc-error.ts"
export type {
  CallRecord,
  Handlers,
  RpcServerConnection,
  ServedCallInfo,
  ServeRpcOptions,
  ServerFault,
} from "./rpc-server.ts"
export { serveRpc } from "./serve-rpc.ts"
export { statuses } from "./status.ts"
export type { Status, StatusClass, StatusName } from "./status.ts"
export type { BatchEnqueueResponse, Envelope, EpochClaim, EpochConflict } from "./gen/qpc/v1/delivery_pb.ts"
export type { KeyPackage } from "./gen/qpc/v1/keys_pb.ts"
