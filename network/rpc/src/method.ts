import type { Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import type { GenMessage } from "@bufbuild/protobuf/codegenv2"
import * as auth from "./gen/qpc/v1/auth_pb.ts"
import * as common from "./gen/qpc/v1/common_pb.ts"
import * as delivery from "./gen/qpc/v1/delivery_pb.ts"
import * as device from "./gen/qpc/v1/device_pb.ts"
import * as keys from "./gen/qpc/v1/keys_pb.ts"
import * as user from "./gen/qpc/v1/user_pb.ts"

/** One row of the method table: something that a client asks. */
export interface MethodRow<Name extends string, Request extends Message, Response extends Message> {
  /** 1 to 65535; 0 on the wire is a cancellation. */
  readonly id: number
  readonly name: Name
  readonly request: GenMessage<Request>
  readonly response: GenMessage<Response>
  /** True if the connection must be bound to a session first. */
  readonly needsSession: boolean
  /** A longer request is refused before it is decoded, so that small questions cannot carry large structures. */
  readonly maxRequestBytes: number
  /**
   * True if answers may fill a frame: such calls of a connection are performed one after the other, each when the answer
   * before it is taken, or small questions would make a server hold many of them.
   */
  readonly hasLargeAnswer: boolean
}

/** All methods by name. */
export interface Methods {
  readonly opaqueRegisterStart: MethodRow<
    "opaqueRegisterStart",
    auth.OpaqueRegisterStartRequest,
    auth.OpaqueRegisterStartResponse
  >
  readonly opaqueRegisterFinish: MethodRow<
    "opaqueRegisterFinish",
    auth.OpaqueRegisterFinishRequest,
    auth.OpaqueRegisterFinishResponse
  >
  readonly opaqueLoginStart: MethodRow<"opaqueLoginStart", auth.OpaqueLoginStartRequest, auth.OpaqueLoginStartResponse>
  readonly opaqueLoginFinish: MethodRow<
    "opaqueLoginFinish",
    auth.OpaqueLoginFinishRequest,
    auth.OpaqueLoginFinishResponse
  >
  readonly resumeSession: MethodRow<"resumeSession", auth.ResumeSessionRequest, auth.ResumeSessionResponse>
  readonly enqueue: MethodRow<"enqueue", delivery.EnqueueRequest, delivery.EnqueueResponse>
  readonly peek: MethodRow<"peek", delivery.PeekRequest, delivery.PeekResponse>
  readonly ack: MethodRow<"ack", delivery.AckRequest, delivery.AckResponse>
  readonly batchEnqueue: MethodRow<"batchEnqueue", delivery.BatchEnqueueRequest, delivery.BatchEnqueueResponse>
  readonly subscribe: MethodRow<"subscribe", delivery.SubscribeRequest, delivery.SubscribeResponse>
  readonly fetchCommits: MethodRow<"fetchCommits", delivery.FetchCommitsRequest, delivery.FetchCommitsResponse>
  readonly fetchEpochs: MethodRow<"fetchEpochs", delivery.FetchEpochsRequest, delivery.FetchEpochsResponse>
  readonly uploadKeyPackage: MethodRow<"uploadKeyPackage", keys.UploadKeyPackageRequest, keys.UploadKeyPackageResponse>
  readonly fetchKeyPackage: MethodRow<"fetchKeyPackage", keys.FetchKeyPackageRequest, keys.FetchKeyPackageResponse>
  readonly resolveUser: MethodRow<"resolveUser", user.ResolveUserRequest, user.ResolveUserResponse>
  readonly resolveIdentity: MethodRow<"resolveIdentity", user.ResolveIdentityRequest, user.ResolveIdentityResponse>
  readonly registerDevice: MethodRow<"registerDevice", device.RegisterDeviceRequest, device.RegisterDeviceResponse>
  readonly listDevices: MethodRow<"listDevices", device.ListDevicesRequest, device.ListDevicesResponse>
  readonly revokeDevice: MethodRow<"revokeDevice", device.RevokeDeviceRequest, device.RevokeDeviceResponse>
  readonly health: MethodRow<"health", common.HealthRequest, common.HealthResponse>
  readonly askTime: MethodRow<"askTime", common.AskTimeRequest, common.AskTimeResponse>
}

/** A whole frame: messages and key packages. */
const LARGE_BYTES = 4 * 1024 * 1024
/** Names, keys, tokens, counters. */
const SMALL_BYTES = 16 * 1024

function row<Name extends string, Request extends Message, Response extends Message>(
  id: number,
  name: Name,
  request: GenMessage<Request>,
  response: GenMessage<Response>,
  rules: Partial<Pick<Method, "needsSession" | "maxRequestBytes" | "hasLargeAnswer">> = {},
): MethodRow<Name, Request, Response> {
  const { needsSession = true, maxRequestBytes = SMALL_BYTES, hasLargeAnswer = false } = rules
  return { id, name, request, response, needsSession, maxRequestBytes, hasLargeAnswer }
}

const open = { needsSession: false }
const large = { maxRequestBytes: LARGE_BYTES }

/** The contract for calls: what may be asked, under which number, in which form (messenger §2, schemas/proto). */
export const methods: Methods = {
  opaqueRegisterStart: row(
    100,
    "opaqueRegisterStart",
    auth.OpaqueRegisterStartRequestSchema,
    auth.OpaqueRegisterStartResponseSchema,
    open,
  ),
  opaqueRegisterFinish: row(
    101,
    "opaqueRegisterFinish",
    auth.OpaqueRegisterFinishRequestSchema,
    auth.OpaqueRegisterFinishResponseSchema,
    open,
  ),
  opaqueLoginStart: row(
    102,
    "opaqueLoginStart",
    auth.OpaqueLoginStartRequestSchema,
    auth.OpaqueLoginStartResponseSchema,
    open,
  ),
  opaqueLoginFinish: row(
    103,
    "opaqueLoginFinish",
    auth.OpaqueLoginFinishRequestSchema,
    auth.OpaqueLoginFinishResponseSchema,
    open,
  ),
  resumeSession: row(104, "resumeSession", auth.ResumeSessionRequestSchema, auth.ResumeSessionResponseSchema, open),
  enqueue: row(200, "enqueue", delivery.EnqueueRequestSchema, delivery.EnqueueResponseSchema, large),
  peek: row(203, "peek", delivery.PeekRequestSchema, delivery.PeekResponseSchema, { hasLargeAnswer: true }),
  ack: row(204, "ack", delivery.AckRequestSchema, delivery.AckResponseSchema),
  batchEnqueue: row(
    205,
    "batchEnqueue",
    delivery.BatchEnqueueRequestSchema,
    delivery.BatchEnqueueResponseSchema,
    large,
  ),
  subscribe: row(206, "subscribe", delivery.SubscribeRequestSchema, delivery.SubscribeResponseSchema),
  fetchCommits: row(207, "fetchCommits", delivery.FetchCommitsRequestSchema, delivery.FetchCommitsResponseSchema, {
    hasLargeAnswer: true,
  }),
  fetchEpochs: row(208, "fetchEpochs", delivery.FetchEpochsRequestSchema, delivery.FetchEpochsResponseSchema),
  uploadKeyPackage: row(
    300,
    "uploadKeyPackage",
    keys.UploadKeyPackageRequestSchema,
    keys.UploadKeyPackageResponseSchema,
    large,
  ),
  fetchKeyPackage: row(301, "fetchKeyPackage", keys.FetchKeyPackageRequestSchema, keys.FetchKeyPackageResponseSchema),
  resolveUser: row(500, "resolveUser", user.ResolveUserRequestSchema, user.ResolveUserResponseSchema),
  resolveIdentity: row(501, "resolveIdentity", user.ResolveIdentityRequestSchema, user.ResolveIdentityResponseSchema),
  registerDevice: row(700, "registerDevice", device.RegisterDeviceRequestSchema, device.RegisterDeviceResponseSchema),
  listDevices: row(701, "listDevices", device.ListDevicesRequestSchema, device.ListDevicesResponseSchema),
  revokeDevice: row(702, "revokeDevice", device.RevokeDeviceRequestSchema, device.RevokeDeviceResponseSchema),
  health: row(802, "health", common.HealthRequestSchema, common.HealthResponseSchema, open),
  askTime: row(803, "askTime", common.AskTimeRequestSchema, common.AskTimeResponseSchema),
}

/** Any row of the table. */
export type Method = Methods[keyof Methods]
/** The name of any method. */
export type MethodName = keyof Methods
/** What a handler receives. */
export type RequestOf<M extends Method> = MessageShape<M["request"]>
/** What a caller hands over; missing fields take Protobuf's defaults. */
export type RequestInitOf<M extends Method> = MessageInitShape<M["request"]>
/** What a caller receives. */
export type ResponseOf<M extends Method> = MessageShape<M["response"]>
/** What a handler returns; missing fields take Protobuf's defaults. */
export type ResponseInitOf<M extends Method> = MessageInitShape<M["response"]>

const methodsById: ReadonlyMap<number, Method> = new Map(
  (Object.keys(methods) as MethodName[]).map((name) => [methods[name].id, methods[name]]),
)

/** The row behind a number from the wire, or undefined for one that this version does not know. */
export function methodById(id: number): Method | undefined {
  return methodsById.get(id)
}
