package upgrade

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/server"
	"bunnyhop/steps"
)

// boot starts the migrated copy and reads its API.
func (h rehearse) boot(ctx context.Context, r *steps.Run, c *copyOf) error {
	db, err := connect.Open(ctx, c.config, connect.ReadWrite)
	if err != nil {
		return err
	}
	if err := directus.PrepareCopy(ctx, db, c.token); err != nil {
		_ = db.Close()
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, bootWithin)
	defer stop()
	began := time.Now()
	child, err := c.cli.Start(ctx, r.Output)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		_ = child.Wait()
	}()
	base := fmt.Sprintf("http://127.0.0.1:%d", c.plan.Port)
	err = server.Ping(ctx, base+"/server/ping", func() error {
		select {
		case <-child.Done():
			return fmt.Errorf("the server of the copy ended by itself: %w", child.Wait())
		default:
			return nil
		}
	}, r)
	if err != nil {
		return err
	}
	c.out.BootSeconds = time.Since(began).Seconds()
	client := directus.NewClient(base, c.token)
	client.Busy = r.Output
	return h.readAPI(ctx, r, c, client)
}

func (h rehearse) readAPI(ctx context.Context, r *steps.Run, c *copyOf, client *directus.Client) error {
	info, err := client.Info(ctx)
	if err != nil {
		return err
	}
	if c.out.Version = info.Version; info.Version == "" {
		return fault.New("the server of the copy does not say its version", "")
	}
	if _, err := client.Snapshot(ctx); err != nil {
		return err
	}
	loaded, err := client.Extensions(ctx)
	if err != nil {
		return err
	}
	c.out.Extensions, c.out.States = nil, states(loaded)
	for _, e := range c.out.States {
		if e.Loaded {
			c.out.Extensions = append(c.out.Extensions, e.Name)
		}
	}
	slices.Sort(c.out.Extensions)
	for _, gone := range goneExtensions(before(r), c.out.States) {
		c.out.Warnings = append(c.out.Warnings, gone.String()+": after the upgrade it will be so too")
	}
	return nil
}
