package ajwt

import (
	"crypto/sha256"
	"slices"
	"strconv"
)

// DocumentVersion is the highest version of a bundle, or sequence of a list, that was in
// force. Hosts with storage keep it across restarts.
type DocumentVersion struct {
	Kind    Kind // KindBundle or KindRevocations
	Issuer  string
	Version int64
	Digest  [sha256.Size]byte // of the compact form
}

// issuerDocuments is what is in force for one issuer beside its keys.
type issuerDocuments struct {
	bundle     *Bundle
	list       *RevocationList
	revoked    []uint64 // marks of the bundle's agents
	generation uint64   // of the bundle, for the signature cache
	versions   [2]versionFloor
}

// versionFloor is the highest version that was ever in force.
type versionFloor struct {
	known   bool
	version int64
	digest  [sha256.Size]byte
}

func floorOf(kind Kind) int { return int(kind - KindBundle) }

// resume takes up the versions of one issuer from before a restart.
func (d *issuerDocuments) resume(issuer string, versions []DocumentVersion) {
	for _, v := range versions {
		if v.Issuer != issuer || v.Kind != KindBundle && v.Kind != KindRevocations {
			continue
		}
		f := &d.versions[floorOf(v.Kind)]
		if !f.known || v.Version > f.version {
			*f = versionFloor{true, v.Version, v.Digest}
		}
	}
}

// admit tells whether a document may come into force after those that did: the versions
// never go back, and one version has one content. It returns the code that refuses it.
func (f *versionFloor) admit(version, least int64, digest [sha256.Size]byte, old, conflict Code, name string) *LoadError {
	switch {
	case version < least && !laxLoad(old):
		return loadError(old, "/"+name, "the policy wants at least "+strconv.FormatInt(least, 10))
	case f.known && version < f.version && !laxLoad(old):
		return loadError(old, "/"+name, strconv.FormatInt(f.version, 10)+" was in force")
	case f.known && version == f.version && digest != f.digest && !laxLoad(conflict):
		return loadError(conflict, "/"+name, "another document with this "+name+" was in force")
	}
	*f = versionFloor{true, version, digest}
	return nil
}

// Load takes a document for one issuer of the policy: a JWK Set for an issuer with
// jwks_uri, or the compact form of a signed bundle or revocation list. The document in
// force is replaced whole; after an error, which is a *LoadError, it stays. The warnings
// name keys that were skipped. now is a NumericDate. Loading a new key set or bundle
// forgets the signature results that rest on the old one.
func (v *Verifier) Load(kind Kind, id string, data []byte, now int64) (warnings []Fault, err error) {
	return v.load(kind, id, data, now, nil)
}

// LoadInSteps is Load for hosts whose requests wait while a document is loaded, and who
// have no thread for it: it calls pause again and again, after pieces of work that cost
// about what 32 KiB of JSON cost to read, whatever the document holds. Only decoding,
// the signature, the digest, and each string of the document are done in one go, in time
// proportional to the length of data. The host may leave the call where it is, as in a
// coroutine, and decide requests meanwhile: they see the state in force, until the load is
// complete. Other documents may be loaded in the meantime too. data must not change.
//
// pause may panic to give the load up; then nothing has changed.
func (v *Verifier) LoadInSteps(kind Kind, id string, data []byte, now int64, pause func()) (warnings []Fault, err error) {
	return v.load(kind, id, data, now, &pace{pause: pause})
}

func (v *Verifier) load(kind Kind, id string, data []byte, now int64, p *pace) (warnings []Fault, err error) {
	if v == nil || !v.ready {
		return nil, loadError(CodeInternalNotConfigured, "", "the verifier was not built with NewVerifier")
	}
	switch kind {
	case KindKeys:
		return v.loadKeys(id, data, p)
	case KindBundle:
		b, err := v.policy.parseBundle(id, data, now, v.lawful, p)
		if err != nil {
			return nil, err
		}
		marks := func(d *issuerDocuments) []uint64 { return revokedAgents(b, d.list, p) }
		return nil, v.swap(id, marks, func(p *issuer, d *issuerDocuments) *LoadError {
			if err := d.versions[floorOf(kind)].admit(b.version, p.bundle.minVersion, b.digest, CodeBundleVersionOld, CodeBundleVersionConflict, "version"); err != nil {
				return err
			}
			d.bundle = b
			d.generation++
			return nil
		})
	case KindRevocations:
		l, err := v.policy.parseRevocations(id, data, now, p)
		if err != nil {
			return nil, err
		}
		marks := func(d *issuerDocuments) []uint64 { return revokedAgents(d.bundle, l, p) }
		return nil, v.swap(id, marks, func(p *issuer, d *issuerDocuments) *LoadError {
			if err := d.versions[floorOf(kind)].admit(l.sequence, p.revocation.minSequence, l.digest, CodeRevocationsSequenceOld, CodeRevocationsSequenceConflict, "sequence"); err != nil {
				return err
			}
			d.list = l
			return nil
		})
	}
	return nil, loadError(CodeABIKindUnknown, "", "the kinds are: keys, bundle, revocations")
}

func (v *Verifier) loadKeys(issuer string, data []byte, p *pace) (warnings []Fault, err error) {
	index := v.policy.issuerIndex([]byte(issuer))
	if index < 0 || v.policy.issuers[index].inlineKeys != nil {
		return nil, loadError(CodeKeysIssuerUnknown, "", "load key sets of issuers whose policy entry has jwks_uri")
	}
	set, warnings, err := parseKeySet(data, v.policy.keySetLimits(), p)
	if err != nil {
		return nil, err
	}
	v.loading.Lock()
	defer v.loading.Unlock()
	next := *v.state.Load()
	next.keys = slices.Clone(next.keys)
	next.keys[index] = issuerKeys{set, next.keys[index].generation + 1}
	v.state.Store(&next)
	return warnings, nil
}

// swap changes the documents of one issuer in a copy of the state, and puts the copy in
// force unless change refuses. marks are the bundle's agents that are revoked after the
// change, given the documents before it: they are made outside the lock, since that may
// pause, and again where another document came in between.
func (v *Verifier) swap(id string, marks func(*issuerDocuments) []uint64, change func(*issuer, *issuerDocuments) *LoadError) error {
	index := v.policy.issuerIndex([]byte(id))
	for {
		before := v.state.Load()
		revoked := marks(&before.issuers[index])
		if done, err := v.swapFrom(before, index, revoked, change); done {
			return err
		}
	}
}

// swapFrom is swap unless the issuer's documents are no longer those of before.
func (v *Verifier) swapFrom(before *state, index int, revoked []uint64, change func(*issuer, *issuerDocuments) *LoadError) (done bool, err error) {
	v.loading.Lock()
	defer v.loading.Unlock()
	next := *v.state.Load()
	was, is := &before.issuers[index], &next.issuers[index]
	if was.bundle != is.bundle || was.list != is.list {
		return false, nil
	}
	next.issuers = slices.Clone(next.issuers)
	d := &next.issuers[index]
	if err := change(&v.policy.issuers[index], d); err != nil {
		return true, err
	}
	d.revoked = revoked
	v.state.Store(&next)
	return true, nil
}

// Versions returns the highest versions of bundles and lists that have been in force, for
// hosts to keep.
func (v *Verifier) Versions() (versions []DocumentVersion) {
	if v == nil || !v.ready {
		return nil
	}
	s := v.state.Load()
	for i := range s.issuers {
		for k, f := range s.issuers[i].versions {
			if f.known {
				versions = append(versions, DocumentVersion{KindBundle + Kind(k), v.policy.issuers[i].id, f.version, f.digest})
			}
		}
	}
	return versions
}
