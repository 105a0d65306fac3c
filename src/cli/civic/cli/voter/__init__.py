"""What a voter's own device does: it blinds, so that the issuer cannot know a credential again."""
