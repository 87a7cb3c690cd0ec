package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

// picture is one stored file: its size in pixels and the folder it is in.
type picture struct {
	name, title, folder string
	width, height       int
	hue                 float64
}

var pictures = []picture{
	{"harbour.jpg", "Harbour at dusk", "Photos", 640, 400, 0.2},
	{"market.jpg", "Night market – 夜市 🏮", "Photos", 512, 384, 1.4},
	{"logo.png", "The Harbour Post", "Photos", 256, 96, 2.6},
	{"portrait-mina.png", "Mina Okafor", "Portraits", 160, 160, 3.8},
	{"portrait-yusuf.jpg", "يوسف حدّاد", "Portraits", 240, 300, 5.0},
}

// makePictures makes two folders, one inside the other, and fills them.
func makePictures(ctx context.Context, c *client) error {
	folders := []object{
		{"id": id("folder/Photos"), "name": "Photos"},
		{"id": id("folder/Portraits"), "name": "Portraits", "parent": id("folder/Photos")},
	}
	for _, folder := range folders {
		if err := c.post(ctx, "/folders", folder); err != nil {
			return err
		}
	}
	for _, p := range pictures {
		content, kind, err := p.draw()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", p.name, err)
		}
		fields := [][2]string{
			{"id", id("file/" + p.name)},
			{"title", p.title},
			{"folder", id("folder/" + p.folder)},
			{"description", "Drawn for the demo"},
		}
		if err := c.upload(ctx, fields, p.name, kind, content); err != nil {
			return err
		}
	}
	return nil
}

// draw paints rings of light over a slope of colour.
func (p picture) draw() (content []byte, kind string, err error) {
	canvas := image.NewRGBA(image.Rect(0, 0, p.width, p.height))
	for y := range p.height {
		for x := range p.width {
			across, down := float64(x)/float64(p.width), float64(y)/float64(p.height)
			ring := 0.5 + 0.5*math.Cos(24*math.Hypot(across-0.6, down-0.4))
			canvas.SetRGBA(x, y, color.RGBA{
				R: shade(p.hue, down, ring), G: shade(p.hue+2.1, across, ring), B: shade(p.hue+4.2, 1-down, ring), A: 0xff,
			})
		}
	}
	var out bytes.Buffer
	if p.name[len(p.name)-4:] == ".png" {
		err = png.Encode(&out, canvas)
		return out.Bytes(), "image/png", err
	}
	err = jpeg.Encode(&out, canvas, &jpeg.Options{Quality: 70})
	return out.Bytes(), "image/jpeg", err
}

// shade is one colour channel. It has only 16 steps: fewer bytes for a PNG.
func shade(phase, along, ring float64) uint8 {
	value := 0.5 + 0.5*math.Sin(phase+2*along)
	return uint8(math.Round(15*(0.75*value+0.25*ring))) * 17
}
