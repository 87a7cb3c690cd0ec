package registry

import (
	"crypto/sha1" //nolint:gosec // the only digest that some old packages have
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
)

// digest checks a stream against a document's strongest digest.
type digest struct {
	hash          hash.Hash
	name, version string
	algorithm     string
	want          string
}

func newDigest(name string, version Version) (*digest, error) {
	d := &digest{name: name, version: version.Version}
	makers := []struct {
		algorithm string
		make      func() hash.Hash
	}{{"sha512", sha512.New}, {"sha384", sha512.New384}, {"sha256", sha256.New}, {"sha1", sha1.New}}
	for _, maker := range makers {
		for entry := range strings.FieldsSeq(version.Dist.Integrity) {
			entry, _, _ = strings.Cut(entry, "?") // options, of which none exist
			if want, found := strings.CutPrefix(entry, maker.algorithm+"-"); found {
				d.hash, d.algorithm, d.want = maker.make(), maker.algorithm, want
				return d, nil
			}
		}
	}
	if sum, err := hex.DecodeString(version.Dist.Shasum); err == nil && len(sum) == sha1.Size {
		d.hash, d.algorithm, d.want = sha1.New(), "sha1", base64.StdEncoding.EncodeToString(sum) //nolint:gosec // see the import
		return d, nil
	}
	return nil, &IntegrityError{Package: name, Version: version.Version}
}

func (d *digest) verify() error {
	got := base64.StdEncoding.EncodeToString(d.hash.Sum(nil))
	if got == d.want {
		return nil
	}
	return &IntegrityError{Package: d.name, Version: d.version, Algorithm: d.algorithm, Want: d.want, Got: got}
}
