package upgrade

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/registry"
	"bunnyhop/steps/facts"
)

const (
	// registryWithin is how long all questions about extensions may take.
	registryWithin = 20 * time.Second
	askedAtOnce    = 6
)

// documents gives the document of an npm package.
type documents interface {
	Package(ctx context.Context, name string) (*registry.Package, error)
}

// checkExtensions says of each extension how it stands to the target: whether
// it was made for it, which version of it is, and what of it a version on the
// way takes away.
func checkExtensions(ctx context.Context, in advisory.Input, npm documents) ([]facts.CheckedExtension, error) {
	off, err := directus.SwitchedOff(ctx, in.DB)
	if err != nil {
		return nil, err
	}
	all := make([]facts.CheckedExtension, len(in.Extensions))
	for i, e := range in.Extensions {
		all[i] = facts.CheckedExtension{Extension: extensionFact(e), Off: e.Off(off), PartsOff: e.PartsOff(off), Fits: fits(e.Host, in.To)}
		if all[i].Uses, err = advisory.ExtensionUses(ctx, in, e); err != nil {
			return nil, err
		}
	}
	// What the registry does not say in time cannot be told; it keeps nothing up.
	within, cancel := context.WithTimeout(ctx, registryWithin)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(askedAtOnce)
	for i := range all {
		group.Go(func() error {
			askNewest(within, npm, in.To, &all[i])
			return nil
		})
	}
	_ = group.Wait()
	return all, ctx.Err()
}

func extensionFact(e directus.Extension) facts.Extension {
	return facts.Extension{
		Name: e.Name, Type: e.Type, Version: e.Version, Host: e.Host, Problem: e.Problem,
		Source: string(e.Source), Folder: e.Folder, Entries: e.Entries, Sandboxed: e.Sandboxed,
	}
}

func fits(host, version string) string {
	switch good, known := advisory.ExtensionFits(host, version); {
	case !known:
		return facts.FitsUnknown
	case good:
		return facts.FitsYes
	}
	return facts.FitsNo
}

// askNewest finds the newest version of an extension that is made for a
// version of Directus.
func askNewest(ctx context.Context, npm documents, to string, e *facts.CheckedExtension) {
	document, err := npm.Package(ctx, e.Name)
	var missing *registry.NotFoundError
	var denied *registry.DeniedError
	switch {
	case errors.As(err, &missing):
		e.NewestWhy = "the npm registry has no package of this name"
		return
	case errors.As(err, &denied):
		e.NewestWhy = "cannot be told: the npm registry does not show it to this user"
		return
	case err != nil:
		e.NewestWhy = "cannot be told: the npm registry does not answer"
		return
	}
	var best, newest *semver.Version
	said := false
	for name, version := range document.Versions {
		v, err := semver.StrictNewVersion(name)
		if err != nil || v.Prerelease() != "" || version.Deprecated != "" {
			continue
		}
		if newest == nil || v.GreaterThan(newest) {
			newest = v
		}
		good, known := advisory.ExtensionFits(version.Extension.Host, to)
		said = said || known
		if good && (best == nil || v.GreaterThan(best)) {
			best = v
		}
	}
	asOf := ""
	if document.Stale {
		asOf = ", as of " + document.Fetched.Local().Format("2006-01-02") + " (the npm registry does not answer)"
	}
	switch {
	case best != nil:
		e.Newest, e.NewestHost = best.Original(), document.Versions[best.Original()].Extension.Host
		if e.NewestWhy = asOf; asOf != "" {
			e.NewestWhy = asOf[2:]
		}
	case newest == nil:
		e.NewestWhy = "the npm registry has no release of it" + asOf
	case !said:
		e.NewestWhy = "cannot be told: its versions in the npm registry do not say for which Directus they are made" + asOf
	default:
		host := document.Versions[newest.Original()].Extension.Host
		e.NewestWhy = fmt.Sprintf("none in the npm registry is made for %s; the newest, %s, is for %s%s", to, newest.Original(), cmp.Or(host, "no range"), asOf)
	}
}
