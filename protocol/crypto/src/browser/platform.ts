import type { GroupName } from "../dh-groups.ts"
import type { NistCurveName } from "../nist-curves.ts"
import type { DhGroup, SignatureScheme } from "../primitives.ts"
import type { Platform, SignatureName } from "../suite-specs.ts"
import { ed25519 } from "./ed25519.ts"
import { loadSodium, type Sodium } from "./sodium.ts"
import { symmetric } from "./symmetric.ts"
import { x25519 } from "./x25519.ts"

/** What libsodium lacks: files that only those fetch who want them. */
interface NistCurves {
  nistDhGroup(name: NistCurveName): DhGroup
  nistEcdsa(name: NistCurveName): SignatureScheme
}

interface Curve448 {
  readonly x448: DhGroup
  readonly ed448: SignatureScheme
}

/** The primitives for suites over the given groups. */
export async function loadBrowserPlatform(groups: readonly GroupName[]): Promise<Platform> {
  const sodium = await loadSodium()
  const nist = groups.some((name) => name.startsWith("P-")) ? await import("./nist.ts") : undefined
  const curve448 = groups.includes("X448") ? await import("./curve448.ts") : undefined
  return platformOf(sodium, nist, curve448)
}

/** The primitives for suites over Curve25519, without what would fetch others: for bundles that hold no other suite. */
export async function loadCurve25519Platform(): Promise<Platform> {
  return platformOf(await loadSodium(), undefined, undefined)
}

function platformOf(sodium: Sodium, nist: NistCurves | undefined, curve448: Curve448 | undefined): Platform {
  return {
    ...symmetric,
    group(name): DhGroup {
      if (name === "X25519") return x25519(sodium)
      return name === "X448" ? loaded(curve448).x448 : loaded(nist).nistDhGroup(name)
    },
    signature(name: SignatureName): SignatureScheme {
      if (name === "Ed25519") return ed25519(sodium)
      return name === "Ed448" ? loaded(curve448).ed448 : loaded(nist).nistEcdsa(name)
    },
  }
}

function loaded<T>(curves: T | undefined): T {
  if (curves === undefined) throw new Error("unreachable: the group was not asked for")
  return curves
}
