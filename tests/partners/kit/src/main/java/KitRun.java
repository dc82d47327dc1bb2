import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.eclipse.dataspacetck.core.system.ConsoleMonitor;
import org.eclipse.dataspacetck.runtime.TckRuntime;

/** Runs the conformance kit of the Dataspace Protocol: {@code KitRun FILE}, the properties of the kit. Its status is 0 if tests ran and none failed. */
public final class KitRun {
    private KitRun() {
    }

    public static void main(String[] args) throws Exception {
        Properties read = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of(args[0]))) {
            read.load(file);
        }
        Map<String, String> settings = read.stringPropertyNames().stream()
                .collect(Collectors.toMap(name -> name, read::getProperty));
        settings.putIfAbsent("dataspacetck.launcher", "org.eclipse.dataspacetck.dsp.system.DspSystemLauncher");
        var kit = TckRuntime.Builder.newInstance()
                .properties(settings)
                .addPackage("org.eclipse.dataspacetck.dsp.verification")
                .monitor(new ConsoleMonitor(false, false))
                .build();
        var found = kit.execute();
        for (var failure : found.getFailures()) {
            System.out.println("failed: " + failure.getTestIdentifier().getDisplayName() + ": " + failure.getException());
        }
        System.out.println(found.getTestsSucceededCount() + " passed, " + found.getTestsFailedCount() + " failed");
        System.exit(found.getTestsSucceededCount() > 0 && found.getTestsFailedCount() == 0 ? 0 : 1);
    }
}
