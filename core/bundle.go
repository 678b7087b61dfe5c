package ajwt

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Bundle is a signed workflow bundle that was verified and compiled (spec/profile.md,
// section 16.1): the agents of one issuer, its workflows, and the finite sets of lawful
// chains and sequences. It does not change and is safe for concurrent use. Every lookup
// costs the same for one agent and for 100,000.
type Bundle struct {
	version, issuedAt, expires int64
	digest                     [sha256.Size]byte

	agents     []bundleAgent
	agentAt    map[string]int32
	workflows  []bundleWorkflow
	workflowAt map[string]int32
	steps      []bundleStep
	stepAt     map[string]int32 // "workflow/step", of which neither holds a slash
	aliases    map[string]bundleAlias
	keys       map[[32]byte]*Key // of all agents, by thumbprint

	chains     []bundleChain
	chainPool  []int32           // agents of the chains, one after another
	chainAt    map[uint64]int32  // by the first 64 bits of the digest
	chainIn    map[pair]struct{} // (workflow, chain)
	reached    map[pair]struct{} // (workflow, agent) with a chain
	sequences  [][sha256.Size]byte
	sequenceAt map[uint64]int32
	sequenceIn map[pair]struct{} // (step, sequence)
}

type pair struct{ a, b int32 }

type bundleAgent struct {
	id            string
	revoked       bool
	registrations []registration
	pinned        bool // keys are listed, perhaps none
	keys          [][32]byte
	shimPinned    bool
	shims         [][sha256.Size]byte
}

type registration struct {
	id                  string
	checksum            [sha256.Size]byte
	notBefore, notAfter int64 // 0 and 2^53 where they are unbounded
}

type bundleWorkflow struct {
	id        string
	version   int64
	maxDepth  int
	origins   []int32
	edges     []pair // delegator, delegate
	firstStep int32  // its steps lie one after another
	stepCount int32
}

type bundleStep struct {
	id                                    string
	agent                                 int32 // anyAgent: any that a chain reaches, or people on a gate
	required, approvalGate, needsApproval bool
	scopes, tools, context                []string
	ancestors                             stepSet // of the same workflow, by place
	after                                 stepSet // those that it names itself
}

const (
	anyAgent = -1
	noStep   = int32(-1)
)

// bundleAlias is a workflow under the name that one audience knows it by.
type bundleAlias struct {
	workflow int32
	steps    map[string]int32
}

// bundleChain is a known chain: its agents are chainPool[at:at+count].
type bundleChain struct {
	digest    [sha256.Size]byte
	at, count int32
}

func shortOf(digest *[sha256.Size]byte) uint64 {
	return binary.BigEndian.Uint64(digest[:shortHashBytes])
}

// Version returns the bundle's version.
func (b *Bundle) Version() int64 { return b.version }

// Expires returns exp, a NumericDate; it has no skew.
func (b *Bundle) Expires() int64 { return b.expires }

// IssuedAt returns iat, a NumericDate.
func (b *Bundle) IssuedAt() int64 { return b.issuedAt }

// Digest returns the SHA-256 of the compact form; zero where CompileBundle made it.
func (b *Bundle) Digest() [sha256.Size]byte { return b.digest }

// findChain finds the known chain that the reference stands for, -1 for none. The short
// form names one chain at most, since two with one short form refuse the bundle.
func (b *Bundle) findChain(ref *sequenceRef) int32 {
	i, known := b.chainAt[shortOf(&ref.digest)]
	if !known || !ref.matches(&b.chains[i].digest) {
		return -1
	}
	return i
}

// chainAgents are the agents of a known chain, the originator first.
func (b *Bundle) chainAgents(i int32) []int32 {
	c := &b.chains[i]
	return b.chainPool[c.at : c.at+c.count]
}

// allowsChain tells whether a known chain is a path of the workflow to the agent.
func (b *Bundle) allowsChain(workflow, agent, chain int32) bool {
	agents := b.chainAgents(chain)
	_, in := b.chainIn[pair{workflow, chain}]
	return in && agents[len(agents)-1] == agent
}

// allowsSequence tells whether the reference stands for a lawful sequence of the step.
func (b *Bundle) allowsSequence(step int32, ref *sequenceRef) bool {
	i, known := b.sequenceAt[shortOf(&ref.digest)]
	if !known || !ref.matches(&b.sequences[i]) {
		return false
	}
	_, in := b.sequenceIn[pair{step, i}]
	return in
}

// hasKey tells whether the bundle lists the key for the agent.
func (a *bundleAgent) hasKey(thumbprint *[32]byte) bool {
	for i := range a.keys {
		if a.keys[i] == *thumbprint {
			return true
		}
	}
	return false
}

// bundleCodes are the codes of faults of a bundle.
var bundleCodes = signedCodes{
	member: memberCodes{CodeBundleMemberMissing, CodeBundleMemberUnknown, CodeBundleMemberType,
		CodeBundleMemberValue, CodeBundleIDDuplicate},
	tooLarge: CodeBundleTooLarge, compact: CodeBundleCompactInvalid, header: CodeBundleHeaderInvalid,
	forbidden: CodeBundleHeaderForbidden, typ: CodeBundleTypInvalid, alg: CodeBundleAlgNotAllowed,
	kid: CodeBundleKidUnknown, key: CodeBundleKeyMismatch, signature: CodeBundleSignatureInvalid,
	json: CodeBundleJSONInvalid, issuer: CodeBundleIssuerMismatch, iat: CodeBundleIatFuture,
}

const bundleType = "ajwt-bundle+jwt"

// ParseBundle verifies and compiles the bundle of one issuer of the policy at a time
// (NumericDate). It does not look at versions: Verifier.Load does. The error is a
// *LoadError with the faults of the first stage that failed: of the signature one, of the
// members all, of the graphs all.
func (p *Policy) ParseBundle(issuer string, data []byte, now int64) (*Bundle, error) {
	return p.parseBundle(issuer, data, now, maxLawfulTotal, nil)
}

func (p *Policy) parseBundle(issuer string, data []byte, now int64, lawful int, pace *pace) (*Bundle, error) {
	i := p.issuerIndex([]byte(issuer))
	if i < 0 || p.issuers[i].bundle.keys == nil {
		return nil, loadError(CodeBundleIssuerUnknown, "", "load bundles of issuers whose policy entry has bundle")
	}
	is := &p.issuers[i]
	d, fault := openSigned(data, p.limits.BundleBytes, bundleType, is.bundle.keys, is.algorithms, &bundleCodes, pace)
	if fault != nil {
		return nil, fault
	}
	b, fault := compileBundle(d.payload.Root(), &documentTerms{issuer, is.skew, now}, lawful, pace)
	if fault != nil {
		return nil, fault
	}
	b.digest = d.digest
	return b, nil
}

// CompileBundle compiles the payload of a bundle that is not signed yet, for those who
// sign. The error is a *LoadError as for Policy.ParseBundle.
func CompileBundle(payload []byte, issuer string, now int64) (*Bundle, error) {
	var doc strictjson.Document
	if fault := readPayload(&doc, payload, CodeBundleJSONInvalid, nil); fault != nil {
		return nil, fault
	}
	b, fault := compileBundle(doc.Root(), &documentTerms{issuer, 0, now}, maxLawfulTotal, nil)
	if fault != nil {
		return nil, fault
	}
	return b, nil
}

func compileBundle(root strictjson.Value, t *documentTerms, lawful int, pace *pace) (*Bundle, *LoadError) {
	r := &bundleReader{docReader: docReader{codes: &bundleCodes.member, most: signedFaults, pace: pace}, b: &Bundle{}}
	r.document(root, t)
	if len(r.faults) > 0 {
		return nil, &LoadError{r.faults}
	}
	c := &bundleCompiler{docReader: &r.docReader, b: r.b, lawful: lawful}
	c.compile()
	if len(r.faults) > 0 {
		return nil, &LoadError{r.faults}
	}
	return r.b, nil
}
