package code

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/disk"
	"bunnyhop/internal/packages"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// What takes room, in words.
const (
	packagesBeside = "the packages of the new version beside the old ones"
	packagesKept   = "the packages of the new version in the cache"
	nodeKept       = "a Node for the new version"
	toInstall      = "to install the new version"
)

// nodeRoom is what a fetched Node takes (22.23.3 with its npm, measured).
var nodeRoom = disk.Room{Bytes: 150 << 20, Files: 3000}

// Needs estimates the room that the stage step takes: nothing if the version
// is staged already. What a kept tree of the version took is the best guess,
// or else what the installed one takes.
func Needs(ctx context.Context, s *site.Site, r *steps.Run, target facts.Target) ([]disk.Need, error) {
	if done, ok := facts.Staged.Get(r); ok && done.Version == target.To {
		if there, err := site.Exists(done.Dir); err != nil || there {
			return nil, err
		}
	}
	cache, err := state.CacheDir()
	if err != nil {
		return nil, err
	}
	beside := facts.Beside(s.Root())
	room, kept, err := treeRoom(ctx, s.Root(), cache, target.To)
	if err != nil {
		return nil, err
	}
	needs := []disk.Need{{Path: beside, What: packagesBeside, Room: room}}
	if !kept {
		needs = append(needs, disk.Need{Path: cache, What: packagesKept, Room: room})
	}
	if seen, ok := facts.Inspected.Get(r); ok && !fits(seen.Node, target.NodeMajor) {
		for _, place := range []struct{ dir, prefix string }{{beside, "node-"}, {filepath.Join(cache, "node"), ""}} {
			if !hasNode(place.dir, place.prefix, target.NodeMajor) {
				needs = append(needs, disk.Need{Path: place.dir, What: nodeKept, Room: nodeRoom})
			}
		}
	}
	return needs, nil
}

// treeRoom is about what the packages of a version take, and whether a tree of
// it is kept.
func treeRoom(ctx context.Context, root, cache, version string) (room disk.Room, kept bool, err error) {
	if bytes, files, ok := packages.RoomOf(cache, version); ok {
		return disk.Room{Bytes: bytes, Files: files}, true, nil
	}
	room, err = disk.Usage(ctx, filepath.Join(root, "node_modules"))
	return room, false, err
}

func fits(version string, majors []int) bool {
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	n, err := strconv.Atoi(major)
	return err == nil && slices.Contains(majors, n)
}

func hasNode(dir, prefix string, majors []int) bool {
	for _, major := range majors {
		if found, err := filepath.Glob(filepath.Join(dir, prefix+strconv.Itoa(major)+".*")); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// roomToInstall checks right before the packages are installed that they fit
// into the cache and beside the project.
func (s Stage) roomToInstall(ctx context.Context, cache, version string, request packages.Request) error {
	beside := facts.Beside(s.Site.Root())
	if tree, ok := packages.Kept(cache, request); ok {
		return roomBeside(beside, tree)
	}
	room, _, err := treeRoom(ctx, s.Site.Root(), cache, version)
	if err != nil {
		return err
	}
	return site.TooFull(disk.Require(
		disk.Need{Path: beside, What: packagesBeside, Room: room},
		disk.Need{Path: cache, What: packagesKept, Room: room},
	), toInstall)
}

// roomBeside checks right before a tree is copied that it fits.
func roomBeside(beside, tree string) error {
	bytes, files, ok := packages.Room(tree)
	if !ok {
		return nil // the copy tells what is wrong with the tree
	}
	return site.TooFull(disk.Require(disk.Need{Path: beside, What: packagesBeside, Room: disk.Room{Bytes: bytes, Files: files}}), toInstall)
}
