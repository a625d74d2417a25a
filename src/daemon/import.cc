#include "carbon_spool/daemon/import.h"

#include "relay_config.h"
#include "relay_translation.h"
#include "toml_text.h"

namespace carbon_spool {

std::string to_string(const ImportNote& note) {
  return to_string(RelayPlace{note.file, note.line}) + ": " + note.what;
}

Result<Imported> import_carbon_c_relay(const std::string& file) {
  auto statements = read_relay_config(file);
  if (!statements) return statements.error();
  RelayTranslation translation(statements.value());
  auto translated = translation.translate();
  if (!translated) return translated.error();
  Imported imported = translation.take();
  imported.toml.insert(
      0, toml_comment("From " + file + " of carbon-c-relay, by carbon-spool import.") + '\n');
  return imported;
}

}  // namespace carbon_spool
