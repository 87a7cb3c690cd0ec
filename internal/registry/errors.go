package registry

import (
	"fmt"

	"bunnyhop/internal/fault"
)

// DownError says that a registry could not be asked: no network, no such
// host, a refused or broken connection, or a server error that stayed.
type DownError struct {
	Registry string // without any password
	Err      error
}

func (e *DownError) Error() string {
	return fmt.Sprintf("the npm registry %s does not answer: %v", e.Registry, e.Err)
}

// Unwrap returns the cause.
func (e *DownError) Unwrap() error { return e.Err }

// NotFoundError says that a registry does not have a package.
type NotFoundError struct {
	Package  string
	Registry string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("the npm registry %s has no package %s", e.Registry, e.Package)
}

// NoVersionError says that a package has no version that satisfies a range;
// npm calls it ETARGET.
type NoVersionError struct {
	Package string
	Wanted  string
	Newest  string // the newest release there is, or ""
}

func (e *NoVersionError) Error() string {
	return fmt.Sprintf("the npm registry has no version of %s that satisfies %q", e.Package, e.Wanted)
}

// DeniedError says that a registry wants another login.
type DeniedError struct {
	Registry string
	Status   string
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("the npm registry %s refuses access: %s", e.Registry, e.Status)
}

// IntegrityError says that a tarball is not the one that the registry's
// document describes.
type IntegrityError struct {
	Package, Version string
	Algorithm        string // "sha512", "sha384", "sha256" or "sha1"
	Want, Got        string // base64; Want is "" when the document has no digest
}

func (e *IntegrityError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("the npm registry gives no digest for %s %s", e.Package, e.Version)
	}
	return fmt.Sprintf("the tarball of %s %s is not what the npm registry describes (%s %s, expected %s)",
		e.Package, e.Version, e.Algorithm, e.Got, e.Want)
}

// forPerson puts a typed error of this package into one with a hint.
func forPerson(err error) error {
	switch e := err.(type) { //nolint:errorlint // only errors made right here arrive unwrapped
	case *DownError:
		return fault.Wrap(err, "", "check the network and proxy, then try again; what was fetched before is kept and stays usable")
	case *NotFoundError:
		return fault.Wrap(err, "", "check the name, and which registry npm uses: npm config get registry")
	case *NoVersionError:
		hint := "choose another version"
		if e.Newest != "" {
			hint += fmt.Sprintf("; the newest one there is %s", e.Newest)
		}
		return fault.Wrap(err, "", hint)
	case *DeniedError:
		return fault.Wrap(err, "", "log in again with: npm login --registry "+e.Registry)
	case *IntegrityError:
		return fault.Wrap(err, "", "try again; if it stays, a proxy or mirror between here and the registry changes files: do not go on")
	}
	return err
}
