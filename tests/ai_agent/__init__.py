"""Tests of ai_agent."""
