/** Where the vectors of one folder were published. */
interface Origin {
  /** In the folder of vectors. */
  readonly folder: string
  readonly url: string
  /** The revision that the runners were written for; its counts are those of the sets. */
  readonly revision: string
  /** What of it belongs there, and under which name. */
  readonly what: string
}

/** None of them is in this project: several have no licence to pass them on. */
const ORIGINS: readonly Origin[] = [
  {
    folder: "mls-wg",
    url: "https://github.com/mlswg/mls-implementations",
    revision: "cfd4502",
    what: "the whole repository, or its folder test-vectors",
  },
  {
    folder: "sframe-rfc9605",
    url: "https://github.com/sframe-wg/sframe",
    revision: "3d07d8f",
    what: "the JSON files of its folder test-vectors",
  },
  {
    folder: "cbor",
    url: "https://github.com/cbor/test-vectors",
    revision: "aba89b6",
    what: "the whole repository, or appendix_a.json",
  },
  {
    folder: "wycheproof",
    url: "https://github.com/C2SP/wycheproof",
    revision: "dac1dd4",
    what: "the files of its folder testvectors_v1",
  },
  {
    folder: "hpke-rfc9180",
    url: "https://github.com/cloudflare/circl",
    revision: "33d33c7",
    what: "hpke/testdata/vectors_rfc9180_5f503c5.json.gz, unpacked as test-vectors-5f503c5.json",
  },
  {
    folder: "ml-kem-cctv",
    url: "https://github.com/C2SP/CCTV",
    revision: "main",
    what: "the folders in its folder ML-KEM",
  },
  {
    folder: "xwing",
    url: "https://github.com/dconnolly/draft-connolly-cfrg-xwing-kem",
    revision: "main",
    what: "spec/test-vectors.json",
  },
  {
    folder: "argon2",
    url: "https://github.com/P-H-C/phc-winner-argon2",
    revision: "f57e61e",
    what: "kats/argon2id",
  },
]

/** What to put where for a file that was not there. @param path - in the folder of vectors */
export function howToGet(path: string): string | undefined {
  const origin = ORIGINS.find(({ folder }) => path === folder || path.startsWith(`${folder}/`))
  if (origin === undefined) return undefined
  return `into ${origin.folder}/ of the folder of vectors: ${origin.what}, of ${origin.url} at ${origin.revision}`
}
