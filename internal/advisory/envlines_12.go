package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
)

// suggestImportSize lets the snapshots of the project through that are too
// large for the new default.
func suggestImportSize(ctx context.Context, in Input) ([]EnvSuggestion, error) {
	if in.Root == "" || in.isSet("IMPORT_MAX_FILE_SIZE") {
		return nil, nil
	}
	all, err := in.snapshots(ctx)
	if err != nil {
		return nil, err
	}
	var largest int64
	for _, s := range all {
		largest = max(largest, s.size)
	}
	if largest <= importLimit {
		return nil, nil
	}
	return []EnvSuggestion{{
		Key: "IMPORT_MAX_FILE_SIZE", Value: fmt.Sprintf("%dmb", 2*largest>>20), Comment: "without a limit before 12.2, 50mb by default since", Recommended: true,
		Reason: "a snapshot in the project's folder is larger than 50 MB, and would be refused",
	}}, nil
}

// suggestAssetSize lets the saved transformations through that are larger than
// the new default.
func suggestAssetSize(ctx context.Context, in Input) ([]EnvSuggestion, error) {
	_, hit, err := detectAssetSizes(ctx, in)
	if err != nil || !hit {
		return nil, err
	}
	settings, err := in.rows(ctx, "directus_settings")
	if err != nil {
		return nil, err
	}
	largest := 0.0
	for _, r := range settings {
		for _, preset := range assetPresets(r.text("storage_asset_presets")) {
			largest = max(largest, preset.side())
		}
	}
	return []EnvSuggestion{{
		Key: "ASSETS_TRANSFORM_IMAGE_MAX_OUTPUT_DIMENSION", Value: fmt.Sprint(int64(math.Ceil(largest))), Recommended: true,
		Comment: "the largest side of a transformed image in pixels, limited since 12.2",
		Reason:  "a saved transformation makes larger images than the new default allows",
	}}, nil
}

// assetPreset is a saved transformation of images.
type assetPreset struct {
	Key           string
	Width, Height *float64
}

// side is the longer side in pixels, 0 where none is set.
func (p assetPreset) side() float64 {
	longest := 0.0
	for _, side := range []*float64{p.Width, p.Height} {
		if side != nil {
			longest = max(longest, *side)
		}
	}
	return longest
}

// assetPresets reads directus_settings.storage_asset_presets; what has another
// form is none.
func assetPresets(text string) []assetPreset {
	var presets []assetPreset
	if json.Unmarshal([]byte(text), &presets) != nil {
		return nil
	}
	return presets
}
